"""Each language spoken and heard again: `python -m bench.voices_roundtrip [LANGUAGE ...]`.

Needs `pip install "avatar-serve[bench]"` and the weights `whisper-base-int8`. A voice of each
language speaks ten sentences; Whisper base (int8) writes down what it hears. The share of words
that came back wrong (of signs in Chinese, of kana read in Japanese) is the error rate: the voice's
errors and the judge's together. "Otherwise by sound" leaves out words that the judge only spells or
joins otherwise. Results, with what was heard wrong, go to bench/results/voices_roundtrip.json;
languages that are not named keep theirs.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.signal import resample_poly

from bench.voices import speak
from bench.voices_sentences import IN_URDU, SENTENCES
from deployments.loading import EngineConfig, load_engine
from deployments.speech.engine import SpeechEngine
from deployments.speech.fronts.front import FrontEnd
from deployments.speech.fronts.languages import open_fronts
from media.sound import Samples
from media.timegrid import SOUND_RATE
from serve.settings import Settings
from serve.weights.store import open_store

RESULTS: Final = Path(__file__).with_name("results") / "voices_roundtrip.json"
HEARING: Final = 16_000
BY_SIGN: Final = {"ja-JP": "kana", "zh-CN": "sign"}
PROMPTS: Final = {"zh-CN": "以下是普通话的句子。"}
"""What the judge is told it has heard before, so that it writes in this script."""
BY_EAR_IN: Final = {"hi-IN": "ur"}
"""Hindi is heard as Urdu: the judge loops in Hindi's letters, whoever speaks."""
VOICES: Final = {
    "en-US": ("heart", "af_heart", "am_michael"),
    "en-GB": ("bf_emma", "bm_george"),
    "es-ES": ("ef_dora", "em_alex"),
    "fr-FR": ("ff_siwis",),
    "hi-IN": ("hf_alpha", "hm_omega"),
    "it-IT": ("if_sara", "im_nicola"),
    "ja-JP": ("jf_alpha", "jm_kumo"),
    "pt-BR": ("pf_dora", "pm_alex"),
    "zh-CN": ("zf_xiaoxiao", "zm_yunxi"),
}
UNWRITTEN: Final = {
    "fr-FR": {"ɔ": "o", "ø": "œ", "ə": ""},
    "it-IT": {"ɛ": "e", "ɔ": "o"},
    "pt-BR": {"ə": ""},
}
"""What spellings do not tell: open and closed vowels, and vowels that espeak-ng puts in."""
_ONE_SOUND: Final = str.maketrans("ذضظصثطحھقئۃےآ", "زززسستہہکیہیا", "ںءٔ")
ENGINES: Final = "deployments.speech.hibari:Hibari,deployments.speech.kokoro:Kokoro"


class Judge:
    """Whisper base; `hear` gives the words of 48 kHz sound."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        folder = next(iter(open_store(Settings()).paths("whisper-base-int8").values())).parent
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(self, samples: Samples, language: str) -> str:
        """What is said, in the language of a BCP 47 tag."""
        sound = resample_poly(samples, 1, SOUND_RATE // HEARING).astype(np.float32)
        code = BY_EAR_IN.get(language, language.partition("-")[0])
        segments, _ = self._model.transcribe(
            sound,
            language=code,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=PROMPTS.get(language),
        )
        return "".join(segment.text for segment in segments).strip()


def units(text: str, language: str) -> list[str]:
    """What is compared: words in small letters without marks; signs in Chinese, kana in Japanese.

    Chinese is compared in its simplified signs and Japanese as it is read, for the judge chooses
    freely between scripts.
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("لئے", "لیے")
    if language == "ja-JP":
        import pyopenjtalk

        plain = "".join(node["pron"] for node in pyopenjtalk.run_frontend(plain))
    if language == "zh-CN":
        from misaki.zh_normalization.char_convert import tranditional_to_simplified

        plain = tranditional_to_simplified(plain)
    kept = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return list(re.sub(r"\s", "", kept)) if language in BY_SIGN else kept.split()


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest insertions, deletions and replacements (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, unit in enumerate(said, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (unit != other))
    return row[-1]


def by_ear(front: FrontEnd, language: str, heard_wrong: Sequence[dict[str, Any]]) -> float:
    """Percent of phonemes that came back otherwise, by a front end (for Hindi that of Urdu).

    Spelling that sounds the same counts as right here: "a noche" for "anoche", "te" for "té".
    """

    def sounds(text: str) -> list[str]:
        bare = re.sub(r"[^\w\s]", " ", text.lower())
        return [c for c in front.read(bare.split()).symbols if c.isalpha() and c not in "ˈˌː"]

    written = IN_URDU if language in BY_EAR_IN else SENTENCES[language]
    total = sum(len(sounds(sentence)) for sentence in written)
    wrong = sum(edits(sounds(row["said"]), sounds(row["heard"])) for row in heard_wrong)
    return round(100 * wrong / total, 1)


def words_otherwise(front: FrontEnd, language: str, rows: Sequence[dict[str, Any]]) -> int:
    """Words of which a phoneme came back otherwise, and words heard that nobody said.

    Spellings and joins of the same sound do not count, nor what a spelling cannot tell
    (`UNWRITTEN`): the judge only writes.
    """
    return sum(
        _otherwise(*(_sounds(front, language, row[side]) for side in ("said", "heard")))
        for row in rows
    )


def _sounds(front: FrontEnd, language: str, text: str) -> list[tuple[str, int]]:
    """Phonemes as they are compared, and the number of the word that each is of."""
    from bench.voices_phonemes import broad

    reading = front.read(units(text, language))
    spoken: dict[int, str] = {}
    for symbol, owner in zip(reading.symbols, reading.owners, strict=True):
        spoken[owner] = spoken.get(owner, "") + symbol
    sounds = []
    for owner, symbols in spoken.items():
        for phoneme in broad(symbols, language):
            alike = UNWRITTEN.get(language, {}).get(phoneme, phoneme)
            sounds += [(alike, owner)] if alike[:1].isalpha() else []  # a nasal vowel is two signs
    return sounds


def _otherwise(said: list[tuple[str, int]], heard: list[tuple[str, int]]) -> int:
    wrong: set[int] = set()
    added: dict[int, int] = {}
    matcher = SequenceMatcher(None, [p for p, _ in said], [p for p, _ in heard], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag in ("replace", "delete"):
            wrong |= {owner for _, owner in said[a:b]}
        elif tag == "insert":
            for _, owner in heard[c:d]:
                added[owner] = added.get(owner, 0) + 1
            if d < len(heard) and heard[c][1] == heard[d][1] and a < len(said):
                wrong.add(said[a][1])  # inside a word
    whole = {owner: sum(o == owner for _, o in heard) for owner in added}
    return len(wrong) + sum(added[owner] == whole[owner] for owner in added)


def letters_percent(rows: Sequence[dict[str, Any]]) -> float:
    """Percent of Urdu's letters that came back otherwise, letters of one sound in Hindi as one.

    Word ends and spellings that the judge chooses freely do not count.
    """

    def letters(text: str) -> str:
        bare = "".join(c for c in text.replace("لئے", "لیے") if c.isalpha())
        return bare.translate(_ONE_SOUND)

    wrong = sum(edits(letters(row["said"]), letters(row["heard"])) for row in rows)
    return round(100 * wrong / sum(len(letters(sentence)) for sentence in IN_URDU), 1)


def measure(engine: SpeechEngine, judge: Judge, language: str, voice_id: str) -> dict[str, Any]:
    """One voice's error rate over the language's sentences, and what was heard wrong."""
    voice = next(voice for voice in engine.voices if voice.id == voice_id)
    wrong = total = 0
    heard_wrong = []
    written = IN_URDU if language in BY_EAR_IN else SENTENCES[language]
    for sentence, as_written in zip(SENTENCES[language], written, strict=True):
        heard = judge.hear(speak(engine, voice, sentence).samples, language)
        said = units(as_written, language)
        errors = edits(said, units(heard, language))
        wrong, total = wrong + errors, total + len(said)
        if errors:
            heard_wrong.append({"said": as_written, "heard": heard, "errors": errors})
    unit = BY_SIGN.get(language, "word")
    rate = round(100 * wrong / total, 1)
    return {"unit": unit, "units": total, "error_percent": rate, "heard_wrong": heard_wrong}


def table(results: dict[str, Any]) -> str:
    """The results as Markdown; adds to each row what is wrong by ear."""
    fronts, _ = open_fronts()
    urdu = replace(fronts["hi-IN"], language="Urdu", voice="ur")
    lines = [
        "| language | voice | errors, % | of | otherwise by sound, % | by ear, % of phonemes |",
        "|---|---|---|---|---|---|",
    ]
    for language, voices in results.items():
        for voice, row in voices.items():
            front = urdu if language in BY_EAR_IN else fronts[language]
            row["by_ear_percent"] = by_ear(front, language, row["heard_wrong"])
            if language not in BY_SIGN:
                wrong = words_otherwise(front, language, row["heard_wrong"])
                row["words_otherwise_percent"] = round(100 * wrong / row["units"], 1)
            if language in BY_EAR_IN:
                row["letters_percent"] = letters_percent(row["heard_wrong"])
            unit = row["unit"] + "s" * (row["unit"] != "kana")
            otherwise = row.get("words_otherwise_percent", "")
            cells = (language, voice, row["error_percent"], f"{row['units']} {unit}", otherwise)
            lines.append("| " + " | ".join(map(str, (*cells, row["by_ear_percent"]))) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print a table, keep the results."""
    wanted = sys.argv[1:] or list(VOICES)
    config = EngineConfig(
        engine="deployments.speech.several:Several", threads=2, options={"engines": ENGINES}
    )
    engine = load_engine(config, Settings())
    judge = Judge()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    shown = ""
    for language in wanted:
        results[language] = {}
        for voice in VOICES[language]:
            row = measure(engine, judge, language, voice)
            results[language][voice] = row
            print(f"{language} {voice}: {row['error_percent']} %", flush=True)
        shown = table(results)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(shown)


if __name__ == "__main__":
    main()
