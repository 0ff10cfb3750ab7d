"""The main job over HTTP: three ways to a face, two to speech, a video that plays."""

import io
import json
import threading
from typing import Any

import av
import numpy as np
import pytest
import skimage.data
from PIL import Image

from bench.metering import meter
from media.sound import Sound
from tests.certificates import engines_of, manifest_of, source_of
from tests.server import Server

SENTENCE = "Hello there. Maybe we pop a big bubble."


def picture_file(rgb: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind)
    return out.getvalue()


def decoded(video: bytes) -> tuple[np.ndarray, float, float]:
    """Frames (n, height, width, 3), seconds of picture, seconds of sound."""
    with av.open(io.BytesIO(video)) as file:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
        picture, sound = file.streams.video[0], file.streams.audio[0]
        return (
            frames,
            float(picture.duration * picture.time_base),
            float(sound.duration * sound.time_base),
        )


def loudness(video: bytes) -> tuple[float, float]:
    """LUFS and dBTP of a file's sound, by FFmpeg's meter."""
    with av.open(io.BytesIO(video)) as file:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    return meter(Sound(samples, 48_000))


def test_a_gallery_face_says_a_sentence(server: Server) -> None:
    with server.client() as http:
        avatar = http.get("/v1/avatars").json()["data"][0]["id"]
    request = {"avatar": avatar, "text": SENTENCE, "size": "512x512", "life": False}
    job = server.video(json=request)
    assert job["status"] == "completed", job["error"]
    assert {"speech", "lipsync", "encode", "finish"} <= set(job["timings"])
    video = server.fetch(job["urls"]["video"])
    frames, picture, sound = decoded(video)
    assert frames.shape[1:] == (512, 512, 3)
    assert len(frames) == job["frames"]
    assert abs(picture - sound) <= 1 / 25
    assert len(video) * 8 / picture < 1_000_000
    lufs, peak = loudness(video)
    assert abs(lufs + 16) <= 2
    assert peak <= -1
    blocks = frames.reshape(len(frames), 16, 32, 16, 32, 3).mean(axis=(2, 4))
    change = np.abs(blocks - blocks[0]).max(axis=(0, 3))
    assert change[10:13, 6:10].max() > 5  # the mouth moves
    assert change[:2].max() < 2  # the background keeps its colour
    captions = server.fetch(job["urls"]["captions"]).decode()
    assert captions.startswith("WEBVTT")
    assert "bubble." in captions
    thumbnail = Image.open(io.BytesIO(server.fetch(job["urls"]["thumbnail"])))
    assert thumbnail.size == (512, 512)
    assert claimed(video) == (
        "trainedAlgorithmicMedia",
        {"portrait": "Steered", "speech": "hibari", "lipsync": "Warp", "encode": "PyAV"},
    )


def claimed(video: bytes) -> tuple[str | None, dict[str, str]]:
    """How a video says that it was made, by which engine of each stage."""
    manifest = manifest_of(video, "video/mp4")
    engines = {told["stage"]: told["engine"] for told in engines_of(manifest)}
    return source_of(manifest), engines


def test_a_photo_speaks_with_an_uploaded_recording(server: Server, recording: bytes) -> None:
    photo = picture_file(skimage.data.astronaut(), "JPEG")
    job = server.video(
        data={
            "transcript": "This was recorded elsewhere.",
            "language": "en-GB",
            "caption_track": "true",
            "fps": "29.97",
        },
        files={"avatar_image": ("me.jpg", photo), "audio": ("said.wav", recording)},
    )
    assert job["status"] == "completed", job["error"]
    video = server.fetch(job["urls"]["video"])
    frames, picture, sound = decoded(video)
    assert len(frames) == job["frames"]
    assert abs(picture - sound) <= 1001 / 30000
    lufs, peak = loudness(video)
    assert abs(lufs + 16) <= 1
    assert peak <= -1
    with av.open(io.BytesIO(video)) as file:
        track = file.streams.subtitles[0]
        assert track.language == "eng"
        assert any(b"recorded elsewhere." in bytes(packet) for packet in file.demux(track))
    assert abs(picture - job["speech"]["seconds"]) < 0.05
    assert "recorded" in server.fetch(job["urls"]["captions"]).decode()
    srt = server.fetch(f"{job['urls']['captions']}&format=srt").decode()
    assert srt.startswith("1\n00:00:0")
    source, engines = claimed(video)
    assert source == "compositeWithTrainedAlgorithmicMedia"
    assert set(engines) == {"lipsync", "encode"}


def test_a_described_face_is_painted_and_speaks(server: Server) -> None:
    request = {
        "avatar_prompt": "an elderly man with glasses and a purple spaceship",
        "text": "I was painted.",
        "size": "256x320",
        "seed": 5,
    }
    job = server.video(json=request, within=120)
    assert job["status"] == "completed", job["error"]
    video = server.fetch(job["urls"]["video"])
    frames, _, _ = decoded(video)
    assert frames.shape[1:] == (320, 256, 3)
    assert claimed(video)[1]["portrait"] == "Steered"
    avatar = json.loads(server.fetch(f"/v1/avatars/{job['avatar']}"))
    assert "glasses" in avatar["words_used"]
    assert {"purple", "spaceship"} <= set(avatar["words_ignored"])
    preview = manifest_of(server.fetch(avatar["urls"]["preview"]), "image/webp")
    (painter,) = engines_of(preview)
    assert (painter["stage"], painter["engine"]) == ("portrait", "Steered")
    assert painter["weights"][0] == "mobilestylegan-ffhq"


def test_the_same_request_gives_the_same_video(server: Server) -> None:
    request = {"avatar_image": ("a.png", picture_file(skimage.data.astronaut()))}
    made = [
        server.video(data={"text": "Twice the same.", "seed": "4"}, files=request) for _ in range(2)
    ]
    first, second = (decoded(server.fetch(job["urls"]["video"]))[0] for job in made)
    assert np.array_equal(first, second)


def test_two_clients_at_once_never_touch_each_others_files(server: Server) -> None:
    photo = skimage.data.astronaut()
    pictures = {"left": photo, "right": np.ascontiguousarray(photo[:, ::-1])}
    jobs: dict[str, dict[str, Any]] = {}

    def ask(name: str) -> None:
        files = {"avatar_image": ("same-name.png", picture_file(pictures[name]))}
        jobs[name] = server.video(
            data={"text": f"I am the {name} one.", "life": "false"}, files=files
        )

    threads = [threading.Thread(target=ask, args=(name,)) for name in pictures]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, picture in pictures.items():
        frames, _, _ = decoded(server.fetch(jobs[name]["urls"]["video"]))
        assert np.abs(frames[0][:100].astype(int) - picture[:100]).mean() < 4
        assert f"{name} one" in server.fetch(jobs[name]["urls"]["captions"]).decode()


def test_progress_is_told_in_order_until_the_end(server: Server) -> None:
    photo = picture_file(skimage.data.astronaut())
    with server.client() as http:
        job = http.post(
            "/v1/videos", data={"text": SENTENCE}, files={"avatar_image": ("a.png", photo)}
        ).json()
        told = []
        with http.stream("GET", job["urls"]["events"]) as answer:
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    told.append(json.loads(line[5:]))
    progress = [event["progress"] for event in told if "progress" in event]
    assert progress == sorted(progress)
    assert told[-1]["status"] == "completed"
    assert progress[-1] == 100


def test_a_cancelled_video_stops_within_a_second(server: Server) -> None:
    photo = picture_file(skimage.data.astronaut())
    text = "This is a long story that somebody will soon have heard enough of. " * 60
    with server.client() as http:
        job = http.post(
            "/v1/videos", data={"text": text}, files={"avatar_image": ("a.png", photo)}
        ).json()
        while not http.get(job["urls"]["self"]).json()["segments"]["published"]:
            pass
        assert http.post(f"{job['urls']['self']}/cancel").json()["status"] == "cancelled"
        segments = server.data_dir / "artifacts" / "jobs" / job["id"]
        threading.Event().wait(1.0)
        then = len(list(segments.rglob("*.mp4")))
        threading.Event().wait(1.5)
        assert len(list(segments.rglob("*.mp4"))) == then
        assert http.delete(job["urls"]["self"]).status_code == 200
    assert not segments.exists() or not list(segments.rglob("*.*"))


@pytest.mark.parametrize("fps", ["24", "50", "60"])
def test_any_frame_rate_keeps_sound_and_picture_together(server: Server, fps: str) -> None:
    photo = picture_file(skimage.data.astronaut()[:400, 40:440])
    job = server.video(
        data={"text": "Quickly said.", "fps": fps, "size": "256x256"},
        files={"avatar_image": ("a.png", photo)},
    )
    assert job["status"] == "completed", job["error"]
    frames, picture, sound = decoded(server.fetch(job["urls"]["video"]))
    assert abs(picture - sound) <= 1 / int(fps)
    assert len(frames) == job["frames"] == round(picture * int(fps))
