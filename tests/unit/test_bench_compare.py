"""Comparing two revisions: whose files are run, who begins, and what the ratios say."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.compare import compared, figures
from bench.ratios import ratios, table
from bench.revisions import environment_of, tree_of


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits of a module that says which one it is."""

    def git(*words: str) -> None:
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True)

    git("init", "--quiet")
    for number in ("first", "second"):
        (tmp_path / "said.py").write_text(f"print({number!r})\n")
        git("add", "said.py")
        git("commit", "--quiet", "-m", number)
        git("tag", number)
    return tmp_path


def test_each_revision_runs_its_own_code(repository: Path) -> None:
    (repository / "said.py").write_text("print('not committed')\n")
    with tree_of("first", repository) as base, tree_of("HEAD", repository) as head:
        said = [
            subprocess.check_output(
                [sys.executable, "-m", "said"], cwd=tree, env=environment_of(tree), text=True
            )
            for tree in (base, head)
        ]
    assert said == ["first\n", "second\n"]
    assert not base.exists()
    listed = ["git", "-C", str(repository), "worktree", "list"]
    assert len(subprocess.check_output(listed, text=True).splitlines()) == 1


@pytest.mark.parametrize("revision", ["nowhere", "--help", ""])
def test_a_revision_that_is_not_there_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(ValueError, match=r"revision|fatal"), tree_of(revision, repository):
        pass


def test_a_machine_that_was_slow_in_one_round_hides_no_gain() -> None:
    base = [{"wall": 1.0}, {"wall": 3.0}, {"wall": 1.1}]
    head = [{"wall": 0.9}, {"wall": 2.7}, {"wall": 0.99}]
    found = ratios(base, head)["wall"]
    assert (found.median, found.less, found.rounds) == (pytest.approx(0.9), 3, 3)
    assert found.clear
    assert "3 of 3 |" in table({"wall": found})


def test_rounds_that_disagree_are_told_as_not_clear() -> None:
    found = ratios([{"wall": 1.0}, {"wall": 1.0}], [{"wall": 0.9}, {"wall": 1.2}])
    assert not found["wall"].clear
    assert "1 of 2, not clear" in table(found)


def test_only_what_both_measure_in_every_round_is_compared() -> None:
    base = [{"wall": 1.0, "old": 1.0, "idle": 0.0}]
    head = [{"wall": 1.0, "new": 1.0, "idle": 0.0}]
    assert list(ratios(base, head)) == ["wall"]
    for one, other in (([], []), (base, [])):
        with pytest.raises(ValueError, match="pair"):
            ratios(one, other)


def test_each_begins_as_often_as_the_other() -> None:
    asked: list[str] = []

    def measure(name: str) -> dict[str, float]:
        asked.append(name)
        return {"wall": 1.0}

    compared("both", lambda n: measure(f"base{n}"), lambda n: measure(f"head{n}"), 2)
    assert asked == ["base0", "head0", "head1", "base1"]


def test_figures_are_by_second_of_video_and_by_frame() -> None:
    row = {
        "cpu": 4.0, "wall": 2.0, "seconds": 10.0, "frames": 250, "peak_bytes": 5e8,
        "timings": {"lipsync": 500.0},
    }  # fmt: skip
    assert figures(row) == {
        "CPU s a second of video": 0.4,
        "wall s a second of video": 0.2,
        "peak memory, MB": 500.0,
        "lipsync, ms a frame": 2.0,
    }
