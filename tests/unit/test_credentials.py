"""Content Credentials: they say what is true, name nobody, and find every change."""

import io
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from peak_memory import growth
from PIL import Image

from media.credentials import SIGNED, Claim, Credentials, Maker
from media.errors import AvatarError
from media.fragments import boxes
from media.marks import SourceType, xmp_box
from media.mux import TextTrack, assemble
from media.picture import encode_jpeg, encode_png, encode_webp
from media.provenance import examine
from media.sound_encoding import RATE, encode_whole
from media.subtitles import Cue
from serve.marking.signer import open_credentials
from serve.settings import Settings
from tests.certificates import actions_of, engines_of, is_whole, manifest_of, source_of
from tests.fragments import coded, decoded

CLAIM = Claim(SourceType.MADE, [Maker("lipsync", "Warp"), Maker("speech", "hibari", ("heart",))])


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return open_credentials(Settings(data_dir=tmp_path_factory.mktemp("data")))


def noise() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (120, 160, 3), np.uint8)


@cache
def video() -> bytes:
    """A finished video as the director puts it together, before it is signed."""
    parts = coded()
    joined = parts[0] + b"".join(_media(part) for part in parts[1:])
    with tempfile.TemporaryDirectory() as folder:
        fragments, target = Path(folder) / "fragments.mp4", Path(folder) / "video.mp4"
        fragments.write_bytes(joined)
        assemble(fragments, target, TextTrack([Cue(0, 900, ("Words",))], "eng"))
        return target.read_bytes() + xmp_box(SourceType.MADE)


def _media(part: bytes) -> bytes:
    return b"".join(
        part[start:stop] for name, start, stop in boxes(part) if name in ("moof", "mdat")
    )


def sound() -> bytes:
    return encode_whole("mp3", (0.2 * np.sin(np.arange(RATE) / 20)).astype(np.float32))


FILES: dict[str, Callable[[], bytes]] = {
    "video/mp4": video,
    "image/webp": lambda: encode_webp(noise(), source=SourceType.MADE),
    "image/png": lambda: encode_png(noise(), source=SourceType.MADE),
    "image/jpeg": lambda: encode_jpeg(noise(), source=SourceType.MADE),
    "audio/mpeg": sound,
}
KINDS = pytest.mark.parametrize("kind", FILES)


def test_every_type_that_is_signed_is_tested() -> None:
    assert set(FILES) == SIGNED


@KINDS
def test_a_signed_file_says_who_made_it_how_and_by_what(
    credentials: Credentials, kind: str
) -> None:
    manifest = manifest_of(credentials.sign(FILES[kind](), kind, CLAIM), kind)
    assert source_of(manifest) == "trainedAlgorithmicMedia"
    (action,) = actions_of(manifest)
    assert action["softwareAgent"]["name"] == "avatar-serve"
    assert action["when"].endswith("Z")
    assert engines_of(manifest) == [
        {"stage": "lipsync", "engine": "Warp", "weights": []},
        {"stage": "speech", "engine": "hibari", "weights": ["heart"]},
    ]
    assert manifest["claim_generator_info"][0]["name"] == "avatar-serve"
    assert "thumbnail" not in manifest
    assert not manifest.get("ingredients")


def test_what_was_uploaded_is_told_as_a_part_of_it(credentials: Credentials) -> None:
    claim = Claim(SourceType.COMPOSITE)
    manifest = manifest_of(credentials.sign(video(), "video/mp4", claim), "video/mp4")
    assert source_of(manifest) == "compositeWithTrainedAlgorithmicMedia"


def test_an_uploaded_picture_that_is_shown_again_is_not_called_made_by_ai(
    credentials: Credentials,
) -> None:
    data = encode_webp(noise())
    manifest = manifest_of(credentials.sign(data, "image/webp", Claim(None)), "image/webp")
    assert source_of(manifest) is None
    assert [action["action"] for action in actions_of(manifest)] == ["c2pa.opened", "c2pa.resized"]
    (ingredient,) = manifest["ingredients"]
    assert "thumbnail" not in ingredient
    assert not ingredient.get("title")


@KINDS
def test_signing_leaves_picture_and_sound_as_they_were(credentials: Credentials, kind: str) -> None:
    before = FILES[kind]()
    after = credentials.sign(before, kind, CLAIM)
    if kind.startswith("image/"):
        first, second = (np.asarray(Image.open(io.BytesIO(file))) for file in (before, after))
        assert np.array_equal(first, second)
        return
    assert packets(after) == packets(before)


def packets(file: bytes) -> list[tuple[int, int | None, bytes]]:
    with av.open(io.BytesIO(file)) as opened:
        return [(p.stream_index, p.pts, bytes(p)) for p in opened.demux() if p.size]


def test_a_signed_video_still_begins_with_what_a_player_needs(
    credentials: Credentials, tmp_path: Path
) -> None:
    plain, signed = tmp_path / "plain.mp4", tmp_path / "signed.mp4"
    plain.write_bytes(video())
    credentials.sign_file(plain, signed, "video/mp4", CLAIM)
    names = [name for name, _, _ in boxes(signed.read_bytes())]
    assert names[0] == "ftyp"
    assert names.index("moov") < names.index("mdat")
    times, end = decoded(signed.read_bytes())
    assert times == [Fraction(n, 25) for n in range(75)]
    assert end >= 3 * 48_000
    manifest_of(signed, "video/mp4")


def statement(signed: bytes) -> tuple[int, int]:
    """Where the statement lies: one JUMBF box with all that it holds."""
    start = signed.index(b"jumb") - 4
    return start, start + int.from_bytes(signed[start : start + 4])


@KINDS
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8, 0.999])
def test_a_changed_byte_of_picture_or_sound_is_found(
    credentials: Credentials, kind: str, share: float
) -> None:
    signed = bytearray(credentials.sign(FILES[kind](), kind, CLAIM))
    start, stop = statement(signed)
    outside = int(share * (len(signed) - (stop - start)))
    signed[outside if outside < start else outside + stop - start] ^= 0x40
    assert not is_whole(bytes(signed), kind)


def test_a_long_video_is_never_whole_in_memory_and_every_byte_of_it_counts(
    credentials: Credentials, tmp_path: Path
) -> None:
    plain, signed = tmp_path / "plain.mp4", tmp_path / "signed.mp4"
    plain.write_bytes(long_video(72 * 2**20))
    credentials.sign(video(), "video/mp4", CLAIM)  # opens the library
    grown = growth(lambda: credentials.sign_file(plain, signed, "video/mp4", CLAIM))
    assert grown < 24 * 2**20
    manifest_of(signed, "video/mp4")
    assert examine(signed).verdict == "untrusted"
    with signed.open("r+b") as file:
        file.seek(50 * 2**20)
        file.write(b"\x01")
    assert examine(signed).verdict == "broken"


def long_video(more: int) -> bytes:
    """The video with so many bytes more in it, which nothing plays."""
    data = video()
    ((start, stop),) = [(start, stop) for name, start, stop in boxes(data) if name == "mdat"]
    size = (stop - start + more).to_bytes(4)
    return data[:start] + size + data[start + 4 : stop] + bytes(more) + data[stop:]


@KINDS
@pytest.mark.parametrize("word", ["Warp", "trainedAlgorithmicMedia", "c2pa.created", "algfsha256"])
def test_a_changed_word_of_the_statement_is_found(
    credentials: Credentials, kind: str, word: str
) -> None:
    signed = bytearray(credentials.sign(FILES[kind](), kind, CLAIM))
    start, stop = statement(signed)
    signed[signed.index(word.encode(), start, stop)] ^= 0x01
    assert not is_whole(bytes(signed), kind)


@KINDS
def test_a_byte_more_and_a_byte_less_are_found(credentials: Credentials, kind: str) -> None:
    signed = credentials.sign(FILES[kind](), kind, CLAIM)
    assert is_whole(signed, kind)
    for changed in (signed + b"\0", signed[:-1]):
        assert not is_whole(changed, kind)


def test_two_signings_of_one_picture_are_told_apart_by_nothing_that_is_seen(
    credentials: Credentials,
) -> None:
    data = encode_png(noise())
    once, twice = (credentials.sign(data, "image/png", CLAIM) for _ in range(2))
    assert once != twice
    first, second = (np.asarray(Image.open(io.BytesIO(file))) for file in (once, twice))
    assert np.array_equal(first, second)


def test_a_type_that_carries_none_is_refused(credentials: Credentials) -> None:
    with pytest.raises(ValueError, match="audio/aac"):
        credentials.sign(b"", "audio/aac", CLAIM)


def test_what_cannot_be_signed_is_a_fault_of_the_service(credentials: Credentials) -> None:
    with pytest.raises(AvatarError) as raised:
        credentials.sign(b"no picture", "image/png", CLAIM)
    assert raised.value.code == "internal"
    assert "avatar-serve doctor" in raised.value.message
