"""Real portraits."""

import numpy as np
import pytest
import skimage.data

from deployments.face.mediapipe import MediaPipe
from media.face import Portrait
from media.framing import frame_portrait
from tests.weights import weights


@pytest.fixture(scope="session")
def face_engine() -> MediaPipe:
    return MediaPipe.load(weights("mediapipe-face-landmarker"), threads=1)


def portrait_of(engine: MediaPipe, picture: np.ndarray, size: tuple[int, int]) -> Portrait:
    (face,) = engine.find(picture)
    return frame_portrait(picture, engine.mesh(picture, face), size, 1280)


@pytest.fixture(scope="session")
def astronaut(face_engine: MediaPipe) -> Portrait:
    """A real photograph, 512 x 512, smiling with teeth (NASA, public domain)."""
    return portrait_of(face_engine, skimage.data.astronaut(), (512, 512))
