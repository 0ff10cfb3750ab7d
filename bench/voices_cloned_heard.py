"""How well fitted voices are understood: `python -m bench.voices_cloned_heard FOLDER`.

FOLDER is what `bench.voices_cloning --voices FOLDER` left. Each voice in it, and the stock voice
nearest to its sample, says ten sentences, which Whisper base writes down (`bench.voices_roundtrip`,
whose weights this needs). The words that come back otherwise are added to
bench/results/voices_cloning.json.
"""

import json
import sys
from pathlib import Path
from typing import Final

from bench import voices_roundtrip as roundtrip
from bench.voices_cloning import LANGUAGE, RESULTS, engine, keep
from bench.voices_sentences import SENTENCES
from deployments.cloning.kokoro_fit import KokoroFit
from deployments.speech.kokoro_styles import Styles, read_styles

SAID: Final = SENTENCES[LANGUAGE]


def wrong(fit: KokoroFit, listener: roundtrip.Judge, styles: Styles) -> int:
    """Words that are heard otherwise."""
    count = 0
    for text in SAID:
        heard = listener.hear(fit.spoken(styles, LANGUAGE, (text,)).samples, LANGUAGE)
        said = roundtrip.units(text, LANGUAGE)
        count += roundtrip.edits(said, roundtrip.units(heard, LANGUAGE))
    return count


def main() -> None:
    """Listen to each voice, keep the results."""
    fit, listener = engine(), roundtrip.Judge()
    total = sum(len(roundtrip.units(text, LANGUAGE)) for text in SAID)
    rows = json.loads(RESULTS.read_text())
    for path in sorted(Path(sys.argv[1]).glob("*.npy")):
        nearest = fit.blender.table(fit.blender.alone(rows[path.stem]["nearest"]))
        counts = {
            "fitted": wrong(fit, listener, read_styles(path.read_bytes())),
            "nearest stock voice": wrong(fit, listener, nearest),
            "of": total,
        }
        keep(path.stem, {"words wrong": counts})
        print(path.stem, counts, flush=True)


if __name__ == "__main__":
    main()
