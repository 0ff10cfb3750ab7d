"""What the processes of a server log of one video."""

from tests.e2e.observability.watched import REQUEST_ID, WORDS, Watched


def test_replicas_log_with_the_ids_of_request_and_video(watched: Watched) -> None:
    lines = watched.lines()
    of_request = [line for line in lines if line.get("request_id") == REQUEST_ID]
    stages = {"Ingress", "Director", "Portrait", "Face", "Speech", "Encode", "Lipsync"}
    assert {f"avatar_{stage}" for stage in stages} <= {
        line.get("deployment") for line in of_request
    }
    of_video = [line for line in of_request if line.get("video_id") == watched.job["id"]]
    told = " ".join(line["message"] for line in of_video)
    for step in ("portrait took", "speech took", "segment 0", "is over: completed"):
        assert step in told


def test_nothing_that_users_write_is_in_any_log(watched: Watched) -> None:
    files = [path for path in watched.logs.rglob("*") if path.is_file()]
    found = {
        (word, path.name)
        for path in files
        for word in WORDS
        if path.suffix in (".log", ".out", ".err", ".json", ".txt")
        and word in path.read_text(errors="replace")
    }
    assert len(files) > 10
    assert not found
