"""Face engine on the InsightFace library: SCRFD, 106 landmarks, ArcFace. Non-commercial weights.

Larger packs than the default are a matter of config, as is the GPU. The mesh of the chosen face is
MediaPipe's, fitted where SCRFD found the face.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.devices.onnx_device import full_memory_is_said, providers, require_cuda
from deployments.face.head_pose import flat_head_pose
from deployments.face.mediapipe import MediaPipe
from deployments.face.tiles import resize
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture, left_to_right

PACKS: Final[Mapping[str, tuple[str, ...]]] = {
    "buffalo-s-parts": ("scrfd_500m_bnkps.onnx", "2d106det.onnx", "w600k_mbf.onnx"),
    "buffalo-l": ("det_10g.onnx", "2d106det.onnx", "w600k_r50.onnx"),
}
"""Files by pack; `insightface-PACK` in the weights manifest. The first is the default."""

DEFAULT: Final = next(iter(PACKS))
MESH: Final = "mediapipe-face-landmarker"

TASKS: Final = ("detection", "landmark_2d_106", "recognition")
"""What a pack's networks must do, in the library's words; its others are left alone."""

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


NOBODY: Final = Face(
    (20.0, 20.0, 108.0, 108.0), 0.0, HeadPose(0.0, 0.0, 0.0), np.zeros((0, 2), np.float32)
)
"""A place in a picture of 128 pixels to warm up at."""


class InsightFace:
    """Finds faces with SCRFD and 106 landmarks on each. Thread-safe."""

    weights: ClassVar[Sequence[str]] = (MESH, *(f"insightface-{pack}" for pack in PACKS))
    """The option `pack` chooses one of PACKS."""

    def __init__(self, analysis: Any, mesher: MediaPipe) -> None:
        self._detector = analysis.models["detection"]
        self._landmarks = analysis.models["landmark_2d_106"]
        self._recognition = analysis.models["recognition"]
        self._record = importlib.import_module("insightface.app.common").Face
        self._mesher = mesher

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> Sequence[str]:
        """Names of the weights that `load` opens with these options. Raises ValueError like it."""
        if options.get("folder"):
            return (MESH,)
        return (MESH, f"insightface-{_known(str(options.get('pack', DEFAULT)))}")

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        pack: str = DEFAULT,
        folder: str = "",
        device: str = "cpu",
        memory_mb: int = 0,
    ) -> Self:
        """Open the library on the pack's ONNX files, and `face_landmarker.task`.

        Options: `pack` names one of PACKS; `folder` holds the .onnx files of another in its place;
        `device` is cpu or cuda; `memory_mb` caps what the networks take of the GPU together. The
        mesh is fitted on the CPU in any case.

        Raises AvatarError `weights_missing` where the library or a file is absent,
        `invalid_request` where a GPU is asked for and not got; ValueError for an option's value.
        """
        models = _files_of_folder(Path(folder)) if folder else _files_of_pack(pack, files)
        analysis = _open(models, threads, device, memory_mb)
        return cls(analysis, MediaPipe.load(files, threads=threads))

    def warm_up(self) -> None:
        """Have every network look at a grey picture, the detector in all its sizes."""
        self.find(np.full((640, 640, 3), 128, np.uint8))
        grey = np.full((128, 128, 3), 128, np.uint8)
        self.embedding(grey, replace(NOBODY, landmarks=self._points(grey, NOBODY.box)))

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right, with landmarks, pose and score; no mesh.

        Raises AvatarError `overloaded` where the GPU's memory is full.
        """
        with full_memory_is_said():
            return self._find(picture)

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

    def _find(self, picture: Picture) -> list[Face]:
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

    def _points(self, bgr: Picture, box: Sequence[float]) -> NDArray[np.float32]:
        """The (106, 2) landmarks of the face in a box."""
        record = self._record(bbox=np.array(box, np.float32))
        return np.array(self._landmarks.get(bgr, record), np.float32)


def _known(pack: str) -> str:
    if pack not in PACKS:
        raise ValueError(f"pack is one of {', '.join(PACKS)}, not {pack}")
    return pack


def _files_of_pack(pack: str, files: Mapping[str, Path]) -> list[Path]:
    missing = [
        name for name in PACKS[_known(pack)] if name not in files or not files[name].is_file()
    ]
    if missing:
        raise AvatarError(
            "weights_missing",
            f"{', '.join(missing)} missing: run `avatar-serve weights fetch insightface-{pack}`.",
        )
    return [files[name] for name in PACKS[pack]]


def _files_of_folder(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.onnx"))
    if not found:
        raise AvatarError(
            "weights_missing", f"{folder} holds no .onnx file: put an InsightFace pack there."
        )
    return found


def _open(models: Sequence[Path], threads: int, device: str, memory_mb: int) -> Any:
    """The library's FaceAnalysis on the files, which it wants alone in a folder."""
    on = providers(device, memory_mb, len(TASKS), onnxruntime.get_available_providers())
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
        for path in models:
            os.symlink(path.resolve(), Path(root, path.name))
        try:
            analysis = app.FaceAnalysis(
                name=root,
                root=root,
                allowed_modules=list(TASKS),
                providers=on,
                sess_options=session,
                static_shape_sessions=False,
            )
        except AssertionError as error:  # the library's way to say that no network detects
            raise _incomplete(models, TASKS[:1]) from error
        if absent := [task for task in TASKS if task not in analysis.models]:
            raise _incomplete(models, absent)
        # A negative context would open the files again with other settings.
        analysis.prepare(ctx_id=0, det_thresh=MIN_SCORE, det_size=INPUT_SIZES)
    require_cuda(device, [analysis.models[task].session.get_providers() for task in TASKS])
    return analysis


def _incomplete(models: Sequence[Path], tasks: Sequence[str]) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"Among {', '.join(path.name for path in models)} is no network for "
        f"{', '.join(tasks)}: put a whole InsightFace pack there.",
    )
