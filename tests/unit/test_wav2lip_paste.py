"""Where Wav2Lip looks, and how what it paints comes onto the portrait: no torch, no weights.

The network is scripted: it paints what is asked for where a real one would paint a mouth.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

import gallery
from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth import MouthReader
from deployments.lipsync.wav2lip.engine import Wav2Lip
from deployments.lipsync.wav2lip.paste import Matcher, paste, sharpen
from deployments.lipsync.wav2lip.place import Place, find_place
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS, SIDE
from deployments.speech.hibari import Hibari
from media.face import Portrait
from media.framing import frame_portrait
from media.patch import Frame
from media.sound import Sound, Speech
from media.timegrid import SOUND_RATE, TimeGrid
from tests.weights import weights

GRID = TimeGrid(Fraction(25))
SIZE = SHOWN_ROWS[1] - SHOWN_ROWS[0], SHOWN_COLUMNS[1] - SHOWN_COLUMNS[0]


class Scripted:
    """A network that shows the portrait's own lower face, changed by what it hears."""

    on_gpu = False

    def __init__(self, paint: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        self.paint = paint
        self.heard = 0

    def face(self, face: np.ndarray) -> np.ndarray:
        return face

    def speak(self, mel: np.ndarray, faces: Sequence[Any], whose: np.ndarray) -> np.ndarray:
        assert np.all(np.diff(whose) >= 0)
        self.heard += len(mel)
        made = np.empty((len(mel), 3, *SIZE), np.float32)
        for frame, (sound, owner) in enumerate(zip(mel, whose, strict=True)):
            own = faces[owner][3:, slice(*SHOWN_ROWS), slice(*SHOWN_COLUMNS)]
            made[frame] = self.paint(own, sound)
        return made

    def warm_up(self) -> None:
        pass

    def peak_mb(self) -> None:
        return None


def loudly(own: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """The middle gets brighter the louder it is; as in a real network, skin stays as it is."""
    made = own.copy()
    made[:, 15:40, 25:47] += (sound.mean() + 4) / 8
    return made


@pytest.fixture(scope="module")
def reader() -> MouthReader:
    return MouthReader.load()


@pytest.fixture(scope="module")
def speech() -> Speech:
    voice = Hibari.load(weights("hibari-heart"), threads=1)
    (spoken,) = voice.speak("Papa may hop over a map.", "heart")
    return spoken


@pytest.fixture(scope="module")
def mei(face_engine: MediaPipe) -> Portrait:
    """A face that nobody has, its mouth closed."""
    picture = gallery.picture("mei")
    (face,) = face_engine.find(picture)
    return frame_portrait(picture, face_engine.mesh(picture, face), (512, 512), 1280)


def place_of(portrait: Portrait) -> Place:
    assert portrait.face.mesh is not None
    return find_place(portrait.rgb, portrait.face.mesh)


def frames_of(
    engine: Wav2Lip, portrait: Portrait, samples: np.ndarray, span: tuple[int, int], **more: Any
) -> list[Frame]:
    task = SegmentTask("", GRID.fps, *span, False, Sound(samples, SOUND_RATE), 3, **more)
    prepared = engine.prepare(portrait)
    return [frame for call in calls(task) for frame in engine.frames([(prepared, call)])[0]]


def test_the_network_sees_the_face_and_the_face_without_its_lower_half(mei: Portrait) -> None:
    place = place_of(mei)
    assert place.face.shape == (6, SIDE, SIDE)
    assert not place.face[:3, SIDE // 2 :].any()
    assert np.array_equal(place.face[:3, : SIDE // 2], place.face[3:, : SIDE // 2])
    mesh = mei.face.mesh
    assert mesh is not None
    left, top = mesh[:468, :2].min(axis=0)
    right, bottom = mesh[:468, :2].max(axis=0)
    bottom += 0.04 * (bottom - top)
    box = mei.rgb[round(top) : round(bottom), round(left) : round(right), ::-1]
    plain = cv2.resize(box, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    # The same face as by the published program's plain resize, but for 2 degrees of tilt.
    seen = place.face[3:].transpose(1, 2, 0)
    assert np.corrcoef(seen.ravel(), plain.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("turn", [-30, 30])
def test_a_tilted_head_is_seen_upright(mei: Portrait, turn: int) -> None:
    mesh = mei.face.mesh
    assert mesh is not None
    forward = cv2.getRotationMatrix2D((256, 256), turn, 1)
    picture = cv2.warpAffine(mei.rgb, forward, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    tilted = mesh.copy()
    tilted[:, :2] = mesh[:, :2] @ forward[:, :2].T + forward[:, 2]
    upright = place_of(mei).face
    seen = find_place(np.asarray(picture, np.uint8), tilted.astype(np.float32)).face
    assert np.abs(seen[3:] - upright[3:]).mean() < 0.02


def test_what_the_network_leaves_as_it_is_comes_back_where_it_was(astronaut: Portrait) -> None:
    place = place_of(astronaut)
    box = place.rectangle
    large = cv2.warpAffine(place.shown, place.onto, (box.width, box.height), flags=cv2.INTER_CUBIC)
    difference = np.abs(large - place.source.astype(np.float32) / 255)[place.mask > 0.5]
    assert difference.mean() < 0.03
    moved = np.roll(place.source.astype(np.float32) / 255, 4, axis=0)
    assert np.abs(large - moved)[place.mask > 0.5].mean() > 1.3 * difference.mean()


def test_the_mask_covers_mouth_and_chin_and_ends_before_the_rectangle(astronaut: Portrait) -> None:
    place = place_of(astronaut)
    mesh, box = astronaut.face.mesh, place.rectangle
    assert mesh is not None
    for point in (13, 14, 61, 291, 17, 200):  # lips, their corners, the chin's front
        x, y = np.rint(mesh[point, :2]).astype(int) - (box.x, box.y)
        assert place.mask[y, x] > 0.6, point
    for edge in (place.mask[0], place.mask[-1], place.mask[:, 0], place.mask[:, -1]):
        assert edge.max() == 0
    assert {v % 2 for v in (box.x, box.y, box.width, box.height)} == {0}


def test_a_mouth_at_the_pictures_edge_stays_inside_it(mei: Portrait) -> None:
    mesh = mei.face.mesh
    assert mesh is not None
    height = int(mesh[152, 1]) // 2 * 2
    place = find_place(np.ascontiguousarray(mei.rgb[:height]), mesh)
    assert place.rectangle.y + place.rectangle.height == height
    patch = paste(place, place.shown)
    assert patch.y + patch.height == height


def test_colours_that_are_off_are_moved_to_the_portraits(astronaut: Portrait) -> None:
    place = place_of(astronaut)
    cast = np.array([0.06, -0.04, 0.02], np.float32)
    across = np.linspace(-0.04, 0.04, SIZE[1], dtype=np.float32)[None, :, None]
    off = place.shown + cast + across
    matched = Matcher.of(place).match(off)
    assert np.abs(off - place.shown).mean() > 0.03
    assert np.abs(matched - place.shown).mean() < 0.006


def test_colour_matching_does_not_follow_what_the_mouth_does(astronaut: Portrait) -> None:
    place = place_of(astronaut)
    opened = place.shown.copy()
    opened[20:34, 28:44] = 0
    assert np.abs(Matcher.of(place).match(opened) - opened).max() < 0.02


def test_sharpening_adds_detail_only_where_it_is_asked_for(astronaut: Portrait) -> None:
    shown = place_of(astronaut).shown
    assert sharpen(shown, 0) is shown
    detail = [float(cv2.Laplacian(sharpen(shown, a), cv2.CV_32F).std()) for a in (0, 0.5, 1)]
    assert detail[0] < detail[1] < detail[2]
    assert sharpen(shown, 1).mean() == pytest.approx(shown.mean(), abs=0.01)


def test_nothing_changes_outside_the_mask(astronaut: Portrait, speech: Speech) -> None:
    engine = Wav2Lip(Scripted(lambda own, sound: 1 - own), None)
    canvas = make_canvas(astronaut)
    painter = Painter(canvas)
    (frame,) = frames_of(engine, astronaut, speech.samples, (10, 11))
    change = np.abs(painter.paint(frame)[:512].astype(int) - canvas.planes[:512])
    box, mask = place_of(astronaut).rectangle, place_of(astronaut).mask
    inside = np.zeros((512, 512), bool)
    inside[box.y : box.y + box.height, box.x : box.x + box.width] = mask > 0
    assert change[~inside].max() <= 1
    assert change[inside].max() > 50


def test_in_silence_a_closed_mouth_is_the_portraits_own_and_the_network_rests(
    mei: Portrait, reader: MouthReader
) -> None:
    network = Scripted(loudly)
    silence = np.zeros(2 * SOUND_RATE, np.float32)
    frames = frames_of(Wav2Lip(network, reader), mei, silence, (0, 30))
    assert all(frame == Frame() for frame in frames)
    assert network.heard == 0


def test_in_silence_a_mouth_that_is_open_in_the_picture_is_closed_by_the_network(
    astronaut: Portrait, reader: MouthReader
) -> None:
    network = Scripted(loudly)
    silence = np.zeros(2 * SOUND_RATE, np.float32)
    frames = frames_of(Wav2Lip(network, reader), astronaut, silence, (0, 30))
    assert network.heard == 1  # once, of silence, when the portrait was prepared
    assert all(np.array_equal(f.patches[0].planes, frames[0].patches[0].planes) for f in frames)


def test_a_mouth_fades_in_before_the_first_sound_and_out_after_the_last(
    mei: Portrait, reader: MouthReader, speech: Speech
) -> None:
    quiet = np.zeros(SOUND_RATE, np.float32)
    samples = np.concatenate([quiet, speech.samples, quiet])
    total = GRID.frames_of(len(samples))
    engine = Wav2Lip(Scripted(lambda own, sound: 1 - own), reader)
    bare = make_canvas(mei)
    painter = Painter(bare)
    changes = np.array(
        [
            np.abs(painter.paint(frame)[:512].astype(int) - bare.planes[:512]).mean()
            for frame in frames_of(engine, mei, samples, (0, total))
        ]
    )
    spoken = changes > 0.9 * changes.max()
    assert not changes[:20].any()
    assert not changes[-20:].any()
    first, last = np.flatnonzero(spoken)[[0, -1]]
    heard = np.flatnonzero(np.abs(speech.samples) > 0.02) / SOUND_RATE + 1
    assert first / 25 <= heard[0] + 0.04
    assert last / 25 >= heard[-1] - 0.3
    assert np.abs(np.diff(changes)).max() < 0.8 * changes.max()  # no frame opens it at once
    assert spoken[first:last].mean() > 0.9


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001), Fraction(60)])
def test_a_frame_is_the_same_however_the_track_is_cut(
    astronaut: Portrait, reader: MouthReader, speech: Speech, rate: Fraction
) -> None:
    engine = Wav2Lip(Scripted(loudly), reader)
    prepared = engine.prepare(astronaut)
    samples = np.concatenate([np.zeros(9000, np.float32), speech.samples, speech.samples])

    def made(start: int, stop: int) -> list[Frame]:
        track = Sound(samples, SOUND_RATE)
        task = SegmentTask("", rate, start, stop, False, track, 3, life=True)
        return [f for call in calls(task) for f in engine.frames([(prepared, call)])[0]]

    whole = made(0, 80)
    for start, stop in ((0, 7), (31, 55), (60, 80)):
        for a, b in zip(whole[start:stop], made(start, stop), strict=True):
            assert a.pose == b.pose
            for p, q in zip(a.patches, b.patches, strict=True):
                assert (p.x, p.y) == (q.x, q.y)
                assert np.abs(p.planes.astype(int) - q.planes).max() <= 1


def test_calls_of_several_portraits_in_one_batch_are_as_each_alone(
    astronaut: Portrait, mei: Portrait, reader: MouthReader, speech: Speech
) -> None:
    engine = Wav2Lip(Scripted(loudly), reader)
    asked = []
    for portrait, span in ((astronaut, (3, 9)), (mei, (0, 4)), (astronaut, (30, 35))):
        task = SegmentTask("", GRID.fps, *span, False, Sound(speech.samples, SOUND_RATE), 3)
        asked += [(engine.prepare(portrait), call) for call in calls(task)]
    together = engine.frames(asked)
    for one, frames in zip(asked, together, strict=True):
        (alone,) = engine.frames([one])
        assert len(frames) == len(alone)
        for a, b in zip(frames, alone, strict=True):
            for p, q in zip(a.patches, b.patches, strict=True):
                assert np.array_equal(p.planes, q.planes)


def test_life_blinks_and_sways_as_with_the_other_engine(mei: Portrait, reader: MouthReader) -> None:
    silence = np.zeros(10 * SOUND_RATE, np.float32)
    frames = frames_of(Wav2Lip(Scripted(loudly), reader), mei, silence, (0, 200), life=True)
    assert {len(frame.patches) for frame in frames} == {0, 2}  # both lids, now and then
    assert any(not frame.pose.at_rest for frame in frames)
    unit = face_frame(np.asarray(mei.face.mesh)).unit
    assert max(abs(frame.pose.dx) for frame in frames) < 0.03 * unit
