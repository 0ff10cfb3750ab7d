"""Face engine on the InsightFace library: SCRFD, 106 landmarks, ArcFace. Non-commercial weights.

The mesh of the chosen face is MediaPipe's, fitted where SCRFD found the face.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.face.head_pose import flat_head_pose
from deployments.face.mediapipe import MediaPipe
from deployments.face.tiles import resize
from media.errors import AvatarError
from media.face import Face, Picture, left_to_right

PARTS = "insightface-buffalo-s-parts"
MODELS = ("scrfd_500m_bnkps.onnx", "2d106det.onnx", "w600k_mbf.onnx")

INPUT_SIZES = [(128, 128), (320, 320), (640, 640)]
"""SCRFD-500M looks at all of them: it misses faces wider than about half of its input."""

LONGEST = 2048
"""A larger picture is scaled down to this first: every network looks at far fewer pixels."""

MIN_SCORE = 0.5

POSE_LANDMARKS = {
    35: 33,  # right eye, outer corner
    39: 133,  # right eye, inner corner
    89: 362,  # left eye, inner corner
    93: 263,  # left eye, outer corner
    72: 168,  # bridge of the nose
    86: 4,  # tip of the nose
    80: 2,  # base of the nose
    52: 61,  # mouth, right corner
    61: 291,  # mouth, left corner
    0: 152,  # chin
}
"""Landmarks of the 106 that a pose is taken from, and the mesh's points that they coincide with."""

FIVE_POINTS = (38, 88, 86, 52, 61)
"""Landmarks of the 106 that ArcFace aligns by: eyes, tip of the nose, corners of the mouth."""


class InsightFace:
    """Finds faces with SCRFD and 106 landmarks on each. Thread-safe."""

    weights: ClassVar[Sequence[str]] = (PARTS, "mediapipe-face-landmarker")

    def __init__(self, analysis: Any, mesher: MediaPipe) -> None:
        self._detector = analysis.models["detection"]
        self._landmarks = analysis.models["landmark_2d_106"]
        self._recognition = analysis.models["recognition"]
        self._record = importlib.import_module("insightface.app.common").Face
        self._mesher = mesher

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the library on the three ONNX files, and `face_landmarker.task`; no options.

        Raises AvatarError `weights_missing` where the library or a file is absent.
        """
        if options:
            raise TypeError(f"InsightFace has no options: {', '.join(sorted(options))}")
        return cls(_open(files, threads), MediaPipe.load(files, threads=threads))

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right, with landmarks, pose and score; no mesh."""
        longer = max(picture.shape[:2])
        small = resize(np.ascontiguousarray(picture), LONGEST) if longer > LONGEST else picture
        scale = longer / max(small.shape[:2])
        bgr = np.ascontiguousarray(small[..., ::-1])
        boxes, _ = self._detector.detect(bgr, input_size=INPUT_SIZES, det_thresh=MIN_SCORE)
        height, width = picture.shape[:2]
        faces = []
        for *box, score in np.asarray(boxes, np.float64):
            points = self._points(bgr, box) * np.float32(scale)
            left, right = np.clip([box[0] * scale, box[2] * scale], 0, width)
            top, bottom = np.clip([box[1] * scale, box[3] * scale], 0, height)
            faces.append(
                Face(
                    box=(float(left), float(top), float(right), float(bottom)),
                    score=float(score),
                    pose=flat_head_pose(
                        points[list(POSE_LANDMARKS)],
                        list(POSE_LANDMARKS.values()),
                        self._mesher.canonical,
                    ),
                    landmarks=points,
                )
            )
        return left_to_right(faces)

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The same face with `mesh`, `blendshapes` and the pose of that mesh.

        Raises AvatarError `no_face` where no mesh fits at its place.
        """
        return self._mesher.mesh(picture, face)

    def embedding(self, picture: Picture, face: Face) -> NDArray[np.float32]:
        """(512,) unit vector by ArcFace of a face that `find` gave: who it is.

        The dot product of two tells whether they are one person: about 0 for strangers.
        """
        bgr = np.ascontiguousarray(picture[..., ::-1])
        record = self._record(kps=face.landmarks[list(FIVE_POINTS)])
        vector = np.asarray(self._recognition.get(bgr, record), np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    def _points(self, bgr: Picture, box: Sequence[float]) -> NDArray[np.float32]:
        """The (106, 2) landmarks of the face in a box."""
        record = self._record(bbox=np.array(box, np.float32))
        return np.array(self._landmarks.get(bgr, record), np.float32)


def _open(files: Mapping[str, Path], threads: int) -> Any:
    """The library's FaceAnalysis on the files, which it wants alone in a folder."""
    missing = [name for name in MODELS if name not in files or not files[name].is_file()]
    if missing:
        raise AvatarError(
            "weights_missing",
            f"{', '.join(missing)} missing: run `avatar-serve weights fetch {PARTS}`.",
        )
    try:
        app = importlib.import_module("insightface.app")
    except ImportError as error:
        raise AvatarError(
            "weights_missing",
            "The insightface library cannot be imported: "
            "install it with `pip install 'avatar-serve[insightface]'`.",
        ) from error
    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = threads
    session.inter_op_num_threads = 1
    # The library downloads when its folder is missing: this one is there. It is read at once, for
    # one session takes every size; sessions of a fixed shape would open the files again later.
    with TemporaryDirectory() as root:
        pack = Path(root, "models", "mobile")
        pack.mkdir(parents=True)
        for name in MODELS:
            os.symlink(files[name].resolve(), pack / name)
        analysis = app.FaceAnalysis(
            name=str(pack),
            root=root,
            providers=["CPUExecutionProvider"],
            sess_options=session,
            static_shape_sessions=False,
        )
        # A negative context would open the files again with other settings.
        analysis.prepare(ctx_id=0, det_thresh=MIN_SCORE, det_size=INPUT_SIZES)
    return analysis
