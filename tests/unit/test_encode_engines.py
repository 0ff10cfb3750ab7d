"""Both encode engines make the same of the same frames; a program that fails is told of."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from deployments.encode import piped
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import Stopped
from deployments.encode.ffmpeg import FFmpeg
from deployments.encode.h264 import NVENC, PRESET, X264, Chosen, Quality, choose, options
from deployments.encode.piped import ProgramFailed, run_piped
from deployments.encode.pyav import PyAV
from media.errors import AvatarError
from media.face import Portrait
from media.fragments import split_init
from media.mux import assemble
from media.patch import Frame
from media.timegrid import TimeGrid
from tests.encoders import BOTH, Engine, patches, tone
from tests.fragments import decoded

QUALITY = Quality(PRESET, 17.0, 4_000_000)
FPS = Fraction(30000, 1001)
EDGES = (0, 1, 20, 60, 73, 75)
"""The first segment is a single frame, the last one two."""


def task(start: int, stop: int) -> SegmentTask:
    return SegmentTask("", FPS, start, stop, stop == EDGES[-1], tone(TimeGrid(FPS), EDGES[-1]))


@cache
def segments(engine: Engine, portrait: Portrait) -> list[tuple[bytes, bytes]]:
    """Init and media of each segment."""
    encoder = engine.load({}, threads=1, encoder=X264)
    canvas = encoder.prepare(portrait)
    return [
        split_init(encoder.encode(canvas, task(start, stop), patches(portrait, start, stop)))
        for start, stop in pairwise(EDGES)
    ]


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    return parts[0][0] + b"".join(media for _, media in parts)


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as file:
        return [frame.to_ndarray().astype(float) for frame in file.decode(video=0)]


def test_both_engines_give_the_same_frames_at_the_same_times(astronaut: Portrait) -> None:
    one, other = segments(PyAV, astronaut), segments(FFmpeg, astronaut)
    for (init, media), (init_too, media_too) in zip(one, other, strict=True):
        assert times(init + media) == times(init_too + media_too)
    shown = pictures(joined(one)), pictures(joined(other))
    assert len(shown[0]) == len(shown[1]) == EDGES[-1]
    # Of one build of x264 they are equal; builds may differ by a little.
    for picture, same in zip(*shown, strict=True):
        assert np.mean((picture - same) ** 2) <= 255**2 / 10 ** (40 / 10)


def times(data: bytes) -> list[tuple[Fraction, Fraction, bool]]:
    """When each coded picture is shown and decoded, and whether it needs no other."""
    with av.open(io.BytesIO(data)) as file:
        return [
            (packet.pts * packet.time_base, packet.dts * packet.time_base, packet.is_keyframe)
            for packet in file.demux(video=0)
            if packet.size
        ]


@BOTH
def test_only_a_segments_first_picture_needs_no_other(engine: Engine, astronaut: Portrait) -> None:
    for (start, stop), (init, media) in zip(
        pairwise(EDGES), segments(engine, astronaut), strict=True
    ):
        keys = [key for _, _, key in times(init + media)]
        assert keys == [True] + [False] * (stop - start - 1)


@BOTH
def test_segments_of_an_engine_have_one_init_and_join_without_a_complaint(
    engine: Engine, astronaut: Portrait, tmp_path: Path
) -> None:
    parts = segments(engine, astronaut)
    assert len({init for init, _ in parts}) == 1
    meant = [n / FPS for n in range(EDGES[-1])]
    assert decoded(joined(parts))[0] == meant
    source, target = tmp_path / "fragments.mp4", tmp_path / "whole.mp4"
    source.write_bytes(joined(parts))
    assemble(source, target)
    assert decoded(target.read_bytes())[0] == meant


def test_the_cards_encoder_is_used_where_it_works() -> None:
    tried: list[str] = []

    def works(name: str) -> None:
        tried.append(name)

    assert choose("auto", works) == choose(NVENC, works) == Chosen(NVENC)
    assert choose(X264, works) == Chosen(X264)
    assert tried == [NVENC, NVENC]
    assert Chosen(NVENC).about() == {"encoder": NVENC}


def test_without_the_cards_encoder_x264_steps_in_and_says_so() -> None:
    told = choose("auto", lambda _: "no free session").about()
    assert told["encoder"] == X264
    assert "h264_nvenc cannot be opened here" in told["note"]
    with pytest.raises(AvatarError, match="auto") as caught:
        choose(NVENC, lambda _: "no free session")
    assert caught.value.code == "invalid_request"
    with pytest.raises(ValueError, match="mpeg2"):
        choose("mpeg2", lambda _: None)


@BOTH
def test_a_machine_without_a_card_gets_x264_by_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert set(engine.load({}, threads=1, encoder="auto").about()) == {"encoder", "note"}
    assert engine.load({}, threads=1, encoder=X264).about() == {"encoder": X264}
    with pytest.raises(AvatarError, match="h264_nvenc"):
        engine.load({}, threads=1, encoder=NVENC)


@pytest.mark.parametrize("encoder", [PyAV(1, QUALITY, Chosen(NVENC)),
                                     FFmpeg("ffmpeg", 1, QUALITY, Chosen(NVENC))])  # fmt: skip
def test_a_card_whose_encoder_is_taken_is_overloaded(
    encoder: PyAV | FFmpeg, astronaut: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(AvatarError) as caught:
        encoder.encode(encoder.prepare(astronaut), task(0, 5), patches(astronaut, 0, 5))
    assert (caught.value.code, caught.value.retryable) == ("overloaded", True)


def test_the_options_for_the_card_are_those_that_its_encoder_has() -> None:
    command = ["ffmpeg", "-hide_banner", "-h", "encoder=h264_nvenc"]
    known = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    of_all_encoders = {"maxrate", "bufsize", "g", "bf", "b"}
    for name in options(NVENC, QUALITY).keys() - of_all_encoders:
        assert f"  -{name} " in known, name


def script(folder: Path, *lines: str) -> str:
    """A program that stands in for ffmpeg and leaves its process id."""
    path = folder / "ffmpeg"
    path.write_text("\n".join(["#!/bin/sh", f"echo $$ > {folder}/pid", *lines]) + "\n")
    path.chmod(0o755)
    return str(path)


def is_gone(folder: Path) -> bool:
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def until_stopped(portrait: Portrait, pid: Path) -> Iterator[Frame]:
    yield from patches(portrait, 0, 5)
    while not pid.exists() or not pid.read_text():
        time.sleep(0.01)
    raise Stopped


def test_a_cancelled_segment_ends_its_process(astronaut: Portrait, tmp_path: Path) -> None:
    program = script(tmp_path, 'exec ffmpeg "$@"')
    engine = FFmpeg(program, 1, QUALITY, Chosen(X264))
    frames = until_stopped(astronaut, tmp_path / "pid")
    with pytest.raises(Stopped):
        engine.encode(engine.prepare(astronaut), task(0, 75), frames)
    assert is_gone(tmp_path)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["echo no room left >&2", "exit 3"], "no room left"),
        (["cat > /dev/null", "echo out of luck >&2", "exit 4"], "status 4: out of luck"),
        (["kill -9 $$"], "it ended early|status -9"),
        (["sleep 1000"], "it stood still"),  # by a process of its own, which goes too
        (["cat > /dev/null", "exec sleep 100"], "it did not end"),
    ],
)
def test_what_went_wrong_with_the_program_is_told(
    astronaut: Portrait,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    told: str,
) -> None:
    monkeypatch.setattr(piped, "STILL", 0.5)
    engine = FFmpeg(script(tmp_path, *lines), 1, QUALITY, Chosen(X264))
    with pytest.raises(AvatarError, match=told) as caught:
        engine.encode(engine.prepare(astronaut), task(0, 75), patches(astronaut, 0, 75))
    assert caught.value.code == "internal"
    assert is_gone(tmp_path)


def test_a_program_that_swallows_frames_is_found_out(astronaut: Portrait, tmp_path: Path) -> None:
    lines = ['head -c 3932160 | ffmpeg "$@"', "cat > /dev/null"]  # ten of its frames
    engine = FFmpeg(script(tmp_path, *lines), 1, QUALITY, Chosen(X264))
    with pytest.raises(AvatarError, match="10 of 19 pictures"):
        engine.encode(engine.prepare(astronaut), task(1, 20), patches(astronaut, 1, 20))


def test_a_program_that_writes_much_while_it_reads_waits_for_nobody() -> None:
    copies = (
        "import sys\n"
        "while data := sys.stdin.buffer.read(65536):\n"
        "    sys.stdout.buffer.write(3 * data); sys.stderr.write('x' * 200000)\n"
        "sys.stderr.write('the end')\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    pieces = [np.full(300_000, n, np.uint8) for n in range(20)]
    given = b"".join(piece.tobytes() for piece in pieces)
    output = run_piped([sys.executable, "-c", copies, "0"], iter(pieces))
    assert len(output) == 3 * len(given)
    with pytest.raises(ProgramFailed) as caught:
        run_piped([sys.executable, "-c", copies, "7"], iter(pieces))
    assert caught.value.said.endswith("the end")
    assert len(caught.value.said) <= 1000


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(AvatarError, match="apt install ffmpeg") as caught:
        FFmpeg.load({}, threads=1, program="no-such-ffmpeg")
    assert caught.value.code == "weights_missing"


def test_a_program_that_cannot_encode_is_refused_at_the_start(tmp_path: Path) -> None:
    program = script(tmp_path, "echo Unknown encoder libx264 >&2", "exit 1")
    with pytest.raises(AvatarError, match="Unknown encoder libx264") as caught:
        FFmpeg.load({}, threads=1, program=program)
    assert caught.value.code == "weights_missing"


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ffmpeg", None)
    with pytest.raises(AvatarError, match=r"avatar-serve\[ffmpeg\]") as caught:
        FFmpeg.load({}, threads=1)
    assert caught.value.code == "weights_missing"


def test_nothing_but_its_pipes_is_open_to_the_program() -> None:
    command = FFmpeg("ffmpeg", 1, QUALITY, Chosen(X264))._command(512, 512, FPS)
    assert command.count("-protocol_whitelist") == 2
    for n, word in enumerate(command):
        if word == "-protocol_whitelist":
            assert command[n + 1] == "pipe"
    assert command[command.index("-i") + 1] == "pipe:0"
    assert "pipe:1" in command
