"""What a decoder may do in its process, and what becomes of it when it does more."""

import logging
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from media.fault import DecodingError
from media.limited import Decoded, Limits, run_decoder
from media.picture import _pixels
from media.recording import _samples

LIMITS = Limits(memory_bytes=2**30, cpu_seconds=5, wall_seconds=20.0, output_bytes=4 * 2**20)


def run(misdeed: str, data: bytes | Path = b"abc", limits: Limits = LIMITS) -> Decoded:
    return run_decoder("decoders_gone_wrong", data, {"misdeed": misdeed}, limits)


def test_bytes_go_in_and_bytes_and_a_report_come_out() -> None:
    decoded = run("count", b"hostile")
    with decoded.output as output:
        assert output.read() == b"elitsoh"
    assert decoded.report == {"bytes": 7}


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"hostile")
    assert run("count", tmp_path / "input").report == {"bytes": 7}


@pytest.mark.parametrize(
    ("misdeed", "fault"),
    [
        ("hoard", "memory"),
        ("crash", "undecodable"),
        ("leave", "undecodable"),
        ("flood_output", "undecodable"),
        ("flood_answer", "undecodable"),
        ("talk_nonsense", "undecodable"),
        ("open_a_file", "undecodable"),
        ("open_a_socket", "undecodable"),
    ],
)
def test_a_misdeed_ends_the_decoder_and_not_the_server(misdeed: str, fault: str) -> None:
    with pytest.raises(DecodingError) as refusal:
        run(misdeed)
    assert refusal.value.fault == fault


def test_a_decoder_that_spins_is_ended_by_its_processor_time() -> None:
    limits = Limits(2**30, cpu_seconds=1, wall_seconds=60.0, output_bytes=2**20)
    began = time.monotonic()
    with pytest.raises(DecodingError, match="timeout"):
        run("spin", limits=limits)
    assert time.monotonic() - began < 30


def test_a_decoder_that_sleeps_is_ended_by_the_wall_clock() -> None:
    limits = Limits(2**30, cpu_seconds=5, wall_seconds=1.0, output_bytes=2**20)
    began = time.monotonic()
    with pytest.raises(DecodingError, match="timeout"):
        run("sleep", limits=limits)
    assert time.monotonic() - began < 10


def test_what_a_decoder_leaves_behind_is_killed_with_it() -> None:
    limits = Limits(2**30, cpu_seconds=5, wall_seconds=2.0, output_bytes=2**20)
    mark = uuid.uuid4().hex  # tells this run's processes from any other's
    options = {"misdeed": "fork_and_sleep", "mark": mark}
    with pytest.raises(DecodingError, match="timeout"):
        run_decoder("decoders_gone_wrong", b"abc", options, limits)
    deadline = time.monotonic() + 10  # the kernel takes a moment to carry a kill out
    while left := [pid for pid in processes() if runs(pid, mark.encode())]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def runs(pid: int, word: bytes) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and word in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_decoder_that_opens_files_is_reported_to_the_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(DecodingError):
        run("open_a_file")
    # More than one handler may have taken the line, where Serve's log is set up.
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_decoder_sees_no_environment_and_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_SECRET", "hunter2")
    report = run("tell_environment").report
    assert not [name for name in report["environment"] if name.startswith(("AVATAR", "HOME"))]
    assert "hunter2" not in report["environment"].values()
    assert report["folder"] == "/"


def test_a_decoder_has_a_session_of_its_own() -> None:
    report = run("tell_group").report
    assert report["session"] == report["process"] != os.getsid(0)


def test_an_invented_fault_is_never_shown_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    from media import picture
    from media.errors import AvatarError

    def taken_over(*_: Any) -> Decoded:
        return run("invent_a_fault")

    monkeypatch.setattr(picture, "run_decoder", taken_over)
    with pytest.raises(AvatarError) as refusal:
        picture.decode_picture(b"abc", max_pixels=10**6)
    assert refusal.value.code == "unreadable_image"
    assert "script" not in refusal.value.message


def test_output_that_is_not_what_the_report_says_is_refused() -> None:
    with pytest.raises(DecodingError, match="undecodable"):
        _pixels(run("lie_about_size"), 10**7)
    with pytest.raises(DecodingError, match="undecodable"):
        _samples(run("lie_about_size"), 10**7)


def test_a_decoder_that_cannot_start_is_no_fault_of_the_input() -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        run_decoder("no_such_decoder", b"abc", {}, LIMITS)


def test_many_decoders_run_side_by_side_and_leave_no_files_open() -> None:
    run("count").output.close()
    before = len(os.listdir("/proc/self/fd"))
    sizes: list[int] = []

    def work(n: int) -> None:
        decoded = run("count", bytes(n))
        with decoded.output:
            sizes.append(decoded.report["bytes"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sizes) == list(range(8))
    assert len(os.listdir("/proc/self/fd")) == before
