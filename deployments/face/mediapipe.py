"""Face engine on MediaPipe's networks, without its library: the embedded default.

Two differences from the library: the detector also looks at tiles, so that small faces and groups
are found, and the mesh is fitted a second time in the region that the first one spans.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from deployments.face import blazeface, facemesh, tiles
from deployments.face.blendshapes import blendshapes
from deployments.face.covered import MouthCover
from deployments.face.facemesh import Region
from deployments.face.head_pose import CanonicalFace, head_pose
from deployments.face.second_look import second_look
from deployments.face.tflite import Network, read_task, unreadable
from deployments.face.tiles import Tile
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture, left_to_right

Box = NDArray[np.float32]

TASK = "face_landmarker.task"
DETECTOR = "face_detector.tflite"
MESH = "face_landmarks_detector.tflite"
EXPRESSION = "face_blendshapes.tflite"
GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"

MIN_SCORE = 0.5
"""Detections below it are not looked into."""

MIN_PRESENCE = 0.5
"""Regions whose mesh is less likely than this to lie on a face show none."""

MIN_AGREEMENT = 0.58
"""Meshes that a second look of the detector agrees with less than this are no faces."""

SAME_UNION, SAME_SMALLER = 0.3, 0.6
"""Overlap, as a share of the union or of the smaller box, from which two boxes are one face."""

BYSTANDER = 1 / 8
"""Faces narrower than this share of the widest one found are not looked for."""

MAX_FACES = 100
MAX_TRIES = 200
"""Bounds on the meshes fitted for one picture, so that none keeps the engine busy for long."""

FIND_PASSES, MESH_PASSES = 2, 3
"""Fits of a mesh that starts from the detector's own box, and from any other."""


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The members of the bundle, open."""

    detector: Network
    mesh: Network
    expression: Network
    canonical: CanonicalFace
    cover: MouthCover


class MediaPipe:
    """Finds faces with BlazeFace on tiles and fits the 478-point mesh to each. Thread-safe."""

    weights: ClassVar[Sequence[str]] = ("mediapipe-face-landmarker",)

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open `face_landmarker.task`; there are no options.

        Raises AvatarError `weights_missing` where the bundle is absent or unreadable.
        """
        if options:
            raise TypeError(f"MediaPipe has no options: {', '.join(sorted(options))}")
        if TASK not in files:
            raise AvatarError(
                "weights_missing", f"{TASK} is missing: run `avatar-serve weights fetch`."
            )
        cover = MouthCover.load()  # a fault of ours, not of the bundle's
        members = read_task(files[TASK], (DETECTOR, MESH, EXPRESSION, GEOMETRY))
        try:
            networks = Networks(
                detector=Network(members[DETECTOR], threads=threads),
                mesh=Network(members[MESH], threads=threads),
                expression=Network(members[EXPRESSION], threads=threads),
                canonical=CanonicalFace.parse(members[GEOMETRY]),
                cover=cover,
            )
        except (ValueError, RuntimeError) as error:
            raise unreadable(files[TASK]) from error
        return cls(networks)

    @property
    def canonical(self) -> CanonicalFace:
        """The average face that poses are measured against."""
        return self._networks.canonical

    def warm_up(self) -> None:
        """Run every network once."""
        blank: Picture = np.full((256, 256, 3), 128, np.uint8)
        middle = Face(
            (64.0, 64.0, 192.0, 192.0), 1.0, HeadPose(0, 0, 0), np.empty((0, 2), np.float32)
        )
        self.find(blank)
        with suppress(AvatarError):  # there is no face
            self.mesh(blank, middle)

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right, with mesh and blendshapes.

        Faces are looked for down to 2 % of the picture's side, 16 pixels and an eighth of the
        widest face, whichever is the most.
        """
        # A mirrored view has strides that OpenCV refuses.
        picture = np.ascontiguousarray(picture)
        faces: list[Face] = []
        tries = MAX_TRIES
        for narrowest, level in tiles.levels(picture):
            widest = max((face.box[2] - face.box[0] for face in faces), default=0.0)
            # A level adds faces up to twice its narrowest; wider ones were seen before.
            if 2 * narrowest < BYSTANDER * widest:
                break
            for box, region in self._candidates(level):
                if tries == 0 or len(faces) == MAX_FACES:
                    break
                if _known(box, faces):
                    continue
                tries -= 1
                face = self._look_into(picture, region)
                if face is not None and not _known(np.array(face.box, np.float32), faces):
                    faces.append(face)
        return left_to_right(faces)

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The same face with `mesh`, `blendshapes` and the pose of that mesh, `covered` measured.

        The mesh is looked for round the face's own mesh if it has one, else round its box, turned
        by its roll. Raises AvatarError `no_face` where no mesh fits there.
        """
        mesh = facemesh.refine(
            self._networks.mesh,
            np.ascontiguousarray(picture),
            facemesh.starting_region(face),
            passes=MESH_PASSES,
            min_presence=MIN_PRESENCE,
        )
        if mesh is None:
            raise AvatarError(
                "no_face",
                "The face cannot be made out: use a picture that shows it from the front.",
                param="avatar_image",
                details={"faces": [face.summary()]},
            )
        return replace(
            face,
            mesh=mesh,
            blendshapes=blendshapes(self._networks.expression, mesh),
            pose=head_pose(mesh, self._networks.canonical),
            covered=self._networks.cover.share(picture, mesh),
        )

    def _candidates(self, level: Iterable[Tile]) -> Iterator[tuple[Box, Region]]:
        """Boxes of one level that may be faces, best first, and where to fit their meshes."""
        found = blazeface.join(
            [
                tile.locate(
                    blazeface.detect(self._networks.detector, tile.rgb, min_score=MIN_SCORE)
                )
                for tile in level
            ]
        )
        for index in np.argsort(-found.scores, kind="stable"):
            box, eyes = found.boxes[index], found.keypoints[index, :2]
            yield box, facemesh.region_of_box(box, facemesh.angle_between(eyes[0], eyes[1]))

    def _look_into(self, picture: Picture, region: Region) -> Face | None:
        """The face in a region, or None where the mesh or the second look denies it."""
        networks = self._networks
        mesh = facemesh.refine(
            networks.mesh, picture, region, passes=FIND_PASSES, min_presence=MIN_PRESENCE
        )
        if mesh is None:
            return None
        agreement, score = second_look(networks.detector, picture, mesh)
        if agreement < MIN_AGREEMENT:
            return None
        return Face(
            box=facemesh.mesh_box(mesh, picture),
            score=score,
            pose=head_pose(mesh, networks.canonical),
            landmarks=np.ascontiguousarray(mesh[:, :2]),
            mesh=mesh,
            blendshapes=blendshapes(networks.expression, mesh),
        )


def _known(box: Box, faces: Sequence[Face]) -> bool:
    """True where `box` is one of `faces`, lies in one, or holds one."""
    if not faces:
        return False
    of_union, of_smaller = blazeface.overlap(
        box, np.array([face.box for face in faces], np.float32)
    ).T
    return bool(np.any((of_union > SAME_UNION) | (of_smaller > SAME_SMALLER)))
