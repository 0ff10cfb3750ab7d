"""The format that a cloned voice's sample is kept in."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from media.voice_sample import MOST_BYTES, VoiceSample, pack, unpack


def noise(seconds: float = 2.0, rate: int = 24_000) -> VoiceSample:
    samples = np.random.default_rng(3).normal(0, 0.1, round(seconds * rate)).astype(np.float32)
    return VoiceSample(samples, rate, "pt-BR")


def test_a_sample_comes_back_as_it_was_but_for_16_bits() -> None:
    kept = unpack(pack(noise()))
    assert (kept.rate, kept.language, kept.seconds) == (24_000, "pt-BR", 2.0)
    assert np.abs(kept.samples - noise().samples).max() <= 0.51 / 32767


def test_equal_samples_give_equal_bytes() -> None:
    assert pack(noise()) == pack(noise())


def arrays(**changed: object) -> bytes:
    """What `pack` writes, with other values in it."""
    with np.load(io.BytesIO(pack(noise()))) as good:
        values = {name: good[name] for name in good} | changed
    out = io.BytesIO()
    np.savez(out, **{k: v for k, v in values.items() if v is not None})
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        pack(noise())[:-100],
        pickle.dumps([1, 2, 3]),
        arrays(format=np.array("voice-sample-2")),
        arrays(pcm=None),
        arrays(pcm=np.zeros(24_000, np.float32)),
        arrays(pcm=np.zeros((2, 24_000), np.int16)),
        arrays(pcm=np.zeros(0, np.int16)),
        arrays(rate=np.array(1)),
        arrays(rate=np.array(8_000), pcm=np.zeros(61 * 8_000, np.int16)),
        arrays(pcm=np.array([{"an": "object"}], object)),
    ],
)
def test_bytes_that_it_did_not_write_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"sample|array"):
        unpack(data)


def test_an_archive_that_would_fill_the_memory_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("pcm.npy", bytes(MOST_BYTES + 1))
    assert len(out.getvalue()) < 100_000
    with pytest.raises(ValueError, match="too large"):
        unpack(out.getvalue())


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_unfolds_to_more_than_it_says_is_refused(packing: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack(noise()))) as good, zipfile.ZipFile(out, "w") as packed:
        for name in good.namelist():
            packed.writestr(name, good.read(name), packing)
    with pytest.raises(ValueError, match="no kept sample"):
        unpack(out.getvalue())


def test_a_header_too_deep_for_pythons_parser_is_refused() -> None:
    header = b"-" * 9_000 + b"\n"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack(noise()))) as good, zipfile.ZipFile(out, "w") as packed:
        for name in good.namelist():
            deep = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header
            packed.writestr(name, deep if name == "pcm.npy" else good.read(name))
    with pytest.raises(ValueError, match="header"):
        unpack(out.getvalue())


def test_an_array_that_lies_about_its_length_takes_no_room() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack(noise()))) as good, zipfile.ZipFile(out, "w") as lying:
        for name in good.namelist():
            entry = good.read(name)
            longer = entry.replace(b"(48000,), }" + b" " * 9, b"(99999999999999,), }")
            lying.writestr(name, longer)
            assert (longer == entry) is (name != "pcm.npy")
    with pytest.raises(ValueError, match="as long as it says"):
        unpack(out.getvalue())


@pytest.mark.parametrize(("at", "value"), [(8, 1), (8, 32), (8, 64), (10, 99), (6, 255)])
def test_an_archive_of_another_kind_is_refused(at: int, value: int) -> None:
    data = bytearray(pack(noise()))
    data[data.index(b"PK\x01\x02") + at] = value  # locked, patched, locked well, packed oddly, new
    with pytest.raises(ValueError, match="no kept sample"):
        unpack(bytes(data))
