"""What the judge of the round trip gets wrong of people: `python -m bench.voices_people FOLDER`.

People who read telephone prompts, and the voices saying the same prompts, are written down by the
same Whisper (`bench.voices_roundtrip`): what it gets wrong of people is its own. FOLDER holds
Debian's packages asterisk-core-sounds-LANGUAGE (texts) and asterisk-core-sounds-LANGUAGE-g722
(recordings at 16 kHz, one speaker a language, CC BY-SA), each opened by `dpkg-deb -x`; Portuguese
has none. Of the prompts of six words or more, without figures, every n-th is taken. Results go to
bench/results/voices_people.json; `python -m bench.voices_people FOLDER LANGUAGE ...` adds to them.
"""

import gzip
import json
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from bench.voices import speak
from bench.voices_roundtrip import ENGINES, VOICES, Judge, edits, units
from deployments.loading import EngineConfig, load_engine
from media.resample import resample
from media.sound import Samples
from media.timegrid import SOUND_RATE
from serve.settings import Settings

RESULTS: Final = Path(__file__).with_name("results") / "voices_people.json"
PROMPTS: Final = 40
FEWEST_WORDS: Final = 6
READ_BY: Final = {
    "en-US": "en_US_f_Allison",
    "es-ES": "es_MX_f_Allison",
    "fr-FR": "fr_CA_f_June",
    "it-IT": "it_IT_m_Carlo",
}
"""Folders of the recordings: their Spanish is Mexico's, their French Canada's."""
WITHOUT_ACCENTS: Final = ("es-ES",)
"""The package writes this language without them, so they do not count."""


def prompts(folder: Path, language: str) -> list[tuple[Path, str]]:
    """Recordings and what is read in them."""
    code = language.partition("-")[0]
    (listed,) = folder.rglob(f"core-sounds-{code}.txt.gz")
    recordings = next(folder.rglob(READ_BY[language]))
    found = []
    for line in gzip.decompress(listed.read_bytes()).decode("utf-8-sig").splitlines():
        name, _, text = line.partition(":")
        path = recordings / f"{name.strip()}.g722"
        plain = not re.search(r"[\d\[\](){}<>*\"]", text) and not name.startswith(";")
        if plain and len(text.split()) >= FEWEST_WORDS and path.is_file():
            found.append((path, text.strip()))
    step = max(1, len(found) // PROMPTS)
    return found[::step][:PROMPTS]


def recording(path: Path) -> Samples:
    """A recording at 48 kHz."""
    with av.open(str(path), format="g722") as file:
        frames = [frame.to_ndarray().ravel() for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    sound: Samples = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    return resample(sound, rate, SOUND_RATE)


def rate(language: str, rows: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Percent of words that came back wrong."""
    wrong = total = 0
    for row in rows:
        said, heard = (units(_written(text, language), language) for text in row)
        wrong, total = wrong + edits(said, heard), total + len(said)
    return {"words": total, "error_percent": round(100 * wrong / total, 1)}


def _written(text: str, language: str) -> str:
    if language not in WITHOUT_ACCENTS:
        return text
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")


def main() -> None:
    """Measure, print a table, keep the results."""
    folder, wanted = Path(sys.argv[1]), sys.argv[2:] or list(READ_BY)
    config = EngineConfig(
        engine="deployments.speech.several:Several", threads=1, options={"engines": ENGINES}
    )
    engine = load_engine(config, Settings())
    judge = Judge()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print("| language | who reads | words wrong, % | of |\n|---|---|---|---|")
    for language in wanted:
        read = prompts(folder, language)
        heard = {"a person": [judge.hear(recording(path), language) for path, _ in read]}
        for name in VOICES[language]:
            voice = next(voice for voice in engine.voices if voice.id == name)
            heard[name] = [
                judge.hear(speak(engine, voice, text).samples, language) for _, text in read
            ]
        results[language] = {}
        for name, texts in heard.items():
            row = rate(language, zip((text for _, text in read), texts, strict=True))
            results[language][name] = row
            cells = (language, name, row["error_percent"], row["words"])
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
