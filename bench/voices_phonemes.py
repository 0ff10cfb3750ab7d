# ruff: noqa: RUF001 - phonetic symbols are meant
"""The front ends' phonemes against open dictionaries: `python -m bench.voices_phonemes`.

Needs `pip install "avatar-serve[bench]"`. The 300 commonest words of each language that its
dictionary has, four letters or more, are read one by one; the share of phonemes that differ from
the nearest of the dictionary's pronunciations is the error rate. Both sides are first brought to
one broad alphabet (`BROAD`): stress, length and what is only another notation do not count.
Results, with every word that differs, go to bench/results/voices_phonemes.json; `LANGUAGE ...`
measures those alone.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from bench.voices_dictionaries import NAMES, pronunciations
from bench.voices_roundtrip import edits
from deployments.speech.fronts.front import FrontEnd
from deployments.speech.fronts.japanese import phonemes
from deployments.speech.fronts.languages import open_fronts

RESULTS: Final = Path(__file__).with_name("results") / "voices_phonemes.json"
WORDS: Final = 300

Rules = tuple[tuple[str, str], ...]
_MISAKI: Final[Rules] = (
    ("ʤ", "dʒ"), ("ʧ", "tʃ"), ("ʦ", "ts"), ("ʣ", "dz"), ("I", "aɪ"), ("W", "aʊ"), ("A", "eɪ"),
    ("O", "oʊ"), ("Q", "əʊ"), ("Y", "ɔɪ"), ("S", "s"), ("ᵊ", "ə"), ("ᵻ", "ɪ"), ("T", "t"),
    ("g", "ɡ"),
)  # fmt: skip
"""misaki's letters, as IPA."""
_TIED: Final = re.compile("[\u0361\u035c\u032f\u032a\u0329\u031a\u031e\u0308\u0325ˈˌˑ()‿ˠ -]")
_NOTATION: Final = re.compile("[ː.ʲ]")
_ENGLISH: Final[Rules] = (
    ("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("ɫ", "l"), ("r", "ɹ"), ("ɾ", "t"), ("ʔ", "t"), ("ʍ", "w"),
    ("ɒ", "ɑ"), ("ɔɹ", "oɹ"), ("ɛəɹ", "ɛɹ"), ("ɪ", "i"), ("ʊ", "u"), ("ɐ", "ʌ"), ("əɹ", "ɜɹ"),
)  # fmt: skip
BROAD: Final[dict[str, Rules]] = {
    "en-US": (*_ENGLISH, ("ɔ", "ɑ"), ("ʌ", "ə"), ("ɜ", "ə")),
    "en-GB": (("ɛː", "ɛə"), ("eə", "ɛə"), *_ENGLISH, ("e", "ɛ"), ("a", "æ"), ("ʌ", "ə"),
              ("ɜɹ$", "ə"), ("əɹ$", "ə"), ("ɜɹ(?=[^aeiouæəɛɑ])", "ə")),
    "es-ES": (("β", "b"), ("ð", "d"), ("ɣ", "ɡ"), ("[ŋɱ]", "n"), ("m(?=[pb])", "n"),
              ("ɲ(?=t)", "n"), ("(?<=[^aeiou])ʝ(?=[aeou])", "i"), ("ʝ$", "i"), ("[jɪ]", "i"),
              ("[wʊ]", "u"), ("ɛ", "e")),
    "fr-FR": (("ɑ(?!̃)", "a"), ("ɥ", "y"), ("r", "ʁ"), ("œ̃", "ɛ̃"), ("i?j", "i")),
    "hi-IN": (("r\\.", "ɽ"), ("a(?!ː)", "ə"), ("[ɐʌ]", "ə"), ("[ʱ̤]", "ʰ"), ("ɦ", "h"),
              ("ɾ", "r"), ("v", "ʋ"), ("c", "tʃ"), ("ɟ", "dʒ"), ("ɪ", "i"), ("ʊ", "u"), ("æ", "ɛ"),
              ("ʂ", "ʃ"), ("̃", "n"), ("ː", ""), ("n(?=n)", ""), ("[ŋɲɳ]", "n")),
    "it-IT": (("ɾ", "r"), ("ɱ", "m"), ("ŋ", "n"), ("[jɪ]", "i"), ("[wʊ]", "u")),
    "pt-BR": (("[æɐ]", "a"), ("ɛ", "e"), ("ɔ", "o"), ("[wʊ]", "u"), ("[jɪy]", "i"), ("ʎ", "li"),
              ("[ʁɹɾx]", "r"), ("([aeiou])̃?([iu])̃", "\\1\\2ŋ"), ("̃", "ŋ"),
              ("[ŋmn](?=[pbtdkɡsʃʒfvzrl]|$)", "ŋ"), ("ŋ+(?=[mnɲŋ])", "")),
    "ja-JP": (("[mnŋɲ](?![aeioɯɨjʲ])", "ɴ"), ("oɯ", "o"), ("ei", "e"), ("ɨɯ", "ɨ"),
              ("([aeioɯ])\\1", "\\1")),
    "zh-CN": (),
}  # fmt: skip
"""Patterns and what stands for them: allophones and notations that a dictionary and espeak-ng or
misaki choose differently. Next to nothing that tells two words apart: open and closed Portuguese
vowels, which the dictionary mixes up, and English short i and u, whose notation differs from entry
to entry."""
_DOUBLE: Final = re.compile(r"([^aeiou])\1")


def broad(symbols: str, language: str) -> list[str]:
    """Phonemes in the alphabet that is compared, a nasal vowel as one."""
    text = _TIED.sub("", normalize("NFD", symbols).replace("c\u0327", "ç"))
    for sign, said in _MISAKI:
        text = text.replace(sign, said)
    for pattern, said in BROAD[language]:
        text = re.sub(pattern, said, text)
    text = _NOTATION.sub("", text)
    if language in ("it-IT", "hi-IN"):
        text = _DOUBLE.sub(r"\1", text)
    return re.findall("[^\u0303]\u0303?", text)


def measure(front: FrontEnd, language: str) -> dict[str, Any]:
    """One language's error rate, and the words that differ."""
    wrong = total = 0
    differing = []
    for word, known in pronunciations(language, WORDS).items():
        said, variants = _compared(front, language, word, known)
        errors, length, nearest = min((edits(v, said), len(v), v) for v in variants)
        wrong, total = wrong + errors, total + length
        if errors:
            differing.append([word, "".join(said), "".join(nearest), errors])
    rate = round(100 * wrong / total, 1)
    return {"dictionary": NAMES[language], "phonemes": total, "error_percent": rate,
            "differing": differing}  # fmt: skip


def _compared(
    front: FrontEnd, language: str, word: str, known: tuple[str, ...]
) -> tuple[list[str], list[list[str]]]:
    said = front.read([word]).symbols
    if language == "ja-JP":
        return broad(said, language), [broad(phonemes(k), language) for k in known]
    if language == "zh-CN":
        return list(said.replace(" ", "")), [list(_of_pinyin(k)) for k in known]
    return broad(said, language), [broad(k, language) for k in known]


def _of_pinyin(pinyin: str) -> str:
    from misaki.zh import ZHG2P

    syllables = pinyin.replace("u:", "v").split()
    return "".join(ZHG2P.py2ipa(s) for s in syllables).replace("\u032f", "").replace(" ", "")


def main() -> None:
    """Measure, print a table, keep the results."""
    wanted = sys.argv[1:] or list(NAMES)
    fronts, _ = open_fronts()
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    print("| language | dictionary | phonemes otherwise, % | of |\n|---|---|---|---|")
    for language in wanted:
        row = results[language] = measure(fronts[language], language)
        cells = (language, row["dictionary"], row["error_percent"], row["phonemes"])
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
