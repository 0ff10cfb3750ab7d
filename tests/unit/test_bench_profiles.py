"""What is read out of py-spy's stacks."""

from bench.profiles import read_stacks, table

LOOP = "MainThread;run (/usr/lib/python3.11/asyncio/base_events.py)"
RAW = f"""\
{LOOP};frames (deployments/lipsync/warp.py);warp (deployments/lipsync/warp.py) 6
{LOOP};frames (deployments/lipsync/warp.py) 3
thread (0x7F);Condition.wait (/usr/lib/python3.11/threading.py) 50
thread (0x7F);_worker (/usr/lib/python3.11/concurrent/futures/thread.py:81) 50
thread (0x7F);ask (/venv/lib/python3.11/site-packages/ray/serve/x.py:12) 1
"""


def test_a_function_is_told_without_the_way_to_its_file_and_who_waits_is_left_out() -> None:
    stacks = read_stacks(RAW)
    assert sum(stacks.values()) == 10
    assert ("ask (ray/serve/x.py)",) in stacks
    assert all("/usr" not in frame for stack in stacks for frame in stack)


def test_shares_are_of_what_ran_and_of_what_called_it() -> None:
    lines = list(table(read_stacks(RAW)))
    own = lines[: lines.index("  with all they called")]
    whole = lines[len(own) :]
    assert any("60.0%  warp (" in line for line in own)
    assert any("30.0%  frames (" in line for line in own)
    assert any("90.0%  run (asyncio/base_events.py)" in line for line in whole)
