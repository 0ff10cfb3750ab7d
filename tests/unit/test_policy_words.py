# ruff: noqa: RUF001 - look-alike letters are what is tested
"""The example policy: words of a file are found however they are dressed up, and no others."""

from pathlib import Path

import pytest

from serve.commands.private import LOCAL_CONFIG
from serve.policies.folding import needles, views
from serve.policies.policy import Refusal, Wording
from serve.policies.words import Rule, Rules, Words


def finds(word: str, text: str, **wording: object) -> bool:
    rule = Rule(name="rule", reason="Say something else.", words=[word])
    judged = Words(Rules(rules=[rule])).judge(said(text, **wording))
    assert judged in (None, Refusal("rule", "Say something else."))
    return judged is not None


def said(text: str, **others: object) -> Wording:
    return Wording(**{"use": "speech", "written": text, "heard": text} | others)  # type: ignore[arg-type]  # of tests


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("fool", "You fool!"),
        ("fool", "FOOL"),
        ("fool", "you fool"),
        ("fool", "𝖋𝖔𝖔𝖑"),
        ("fool", "ⓕⓞⓞⓛ"),
        ("fool", "fóöl"),
        ("fool", "f\u0336o\u0336o\u0336l\u0336"),
        ("fool", "fo\u200bo\u00adl"),
        ("fool", "f\ufe0foo\U000e0041l"),
        ("fool", "fооl"),  # two letters of Cyrillic
        ("fool", "fοοl"),  # and of Greek
        ("fool", "f00l"),
        ("fool", "foo1"),
        ("fool", "foo|"),
        ("kill", "k1ll"),
        ("kill", "ki11"),
        ("kill", "k!ll"),
        ("ass", "a$$"),
        ("fool", "f o o l"),
        ("fool", "you f.o.o.l you"),
        ("fool", "f-oo-l"),
        ("fool", "f*o*o*l"),
        ("fool", "fooooool"),
        ("fool", "foolll"),
        ("kill you", "I'll KILL  you."),
        ("kill you", "killyou"),
        ("kill you", "k i l l y o u"),
        ("don't say", "Don’t say that."),
        ("don't say", "dont say that"),
        ("fool*", "How foolish."),
        ("*fool", "tomfool"),
        ("straße", "STRASSE"),
        ("bloqué", "votre compte est bloque"),
        ("дурак", "Ты дурак!"),
        ("ёлка", "елка"),
        ("احمق", "أَحْمَق"),
        ("मूर्ख", "तुम मूर्ख हो।"),
        ("바보", "바보 같다"),
        ("傻瓜", "你这个傻瓜。"),
        ("傻瓜", "傻 瓜"),
        ("傻瓜", "傻。瓜"),
        ("ばか", "おまえはばかだ"),
        ("バカ", "ﾊﾞｶだ"),
    ],
)
def test_a_word_is_found_in_any_dress(word: str, text: str) -> None:
    assert finds(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("fool", "A full moon."),
        ("fool", "foolish"),
        ("fool", "tomfool"),
        ("ass", "a class of glass"),
        ("kill", "skill"),
        ("kill you", "you kill"),
        ("god", "good"),
        ("fall", "a fail"),
        ("मूर्ख", "तुम मर्खा हो।"),
        ("傻瓜", "傻子和西瓜"),
        ("fool", ""),
        ("fool", "..."),
    ],
)
def test_other_words_are_let_through(word: str, text: str) -> None:
    assert not finds(word, text)


def test_what_is_heard_counts_as_well_as_what_is_shown() -> None:
    assert finds("fool", "friend", heard="fool")
    assert finds("fool", "fool", heard="friend")
    assert not finds("fool", "friend", heard="friend")


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("de", True),
        ("de-AT", True),
        ("DE-de", True),
        (None, True),
        ("en-US", False),
        ("den", False),
    ],
)
def test_a_rule_of_a_language_holds_for_its_texts_and_for_those_of_unknown_language(
    language: str | None, found: bool
) -> None:
    rule = Rule(name="r", reason="No.", words=["die"], languages=["de"])
    judged = Words(Rules(rules=[rule])).judge(said("die", language=language))
    assert (judged is not None) is found


def test_a_rule_of_a_use_says_nothing_about_another() -> None:
    policy = Words(Rules(rules=[Rule(name="r", reason="No.", words=["nude"], uses=["portrait"])]))
    assert policy.judge(said("nude", use="portrait")) == Refusal("r", "No.")
    assert policy.judge(said("nude")) is None


def test_pronunciations_of_ones_own_may_be_refused() -> None:
    assert Words(Rules()).judge(said("fool", phonemes=("fuːl",))) is None
    judged = Words(Rules(phonemes=False)).judge(said("fool", phonemes=("fuːl",)))
    assert judged is not None
    assert judged.rule == "phonemes"


def test_the_first_rule_that_is_broken_is_told() -> None:
    rules = [Rule(name=n, reason=f"{n}.", words=["fool"]) for n in ("one", "two")]
    judged = Words(Rules(rules=rules)).judge(said("fool"))
    assert judged == Refusal("one", "one.")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rules = 3", "rules"),
        ('[[rules]]\nname = "a"\nreason = "No."\nwords = []', "words"),
        ('[[rules]]\nname = "a"\nreason = "No."\nwords = ["*"]', "no letter"),
        ('[[rules]]\nname = "a"\nreason = "No."\nwords = ["?!"]', "no letter"),
        ('[[rules]]\nname = "A b"\nreason = "No."\nwords = ["x"]', "name has the form"),
        ('[[rules]]\nname = "a"\nreason = ""\nwords = ["x"]', "reason of rule a"),
        ('[[rules]]\nname = "a"\nreason = "No."\nword = ["x"]', "word"),
        ('[[rules]]\nname = "a"\nreason = "No."\nwords = ["x"]\nuses = ["song"]', "uses"),
        ("[[rules]\n", "at line"),
    ],
)
def test_a_file_with_a_slip_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "words.toml").write_text(text)
    with pytest.raises(ValueError, match=wrong):
        Words.load(file=str(tmp_path / "words.toml"))


def test_the_example_file_is_right_and_refuses_what_it_says() -> None:
    policy = Words.load(file=str(LOCAL_CONFIG.with_name("words.toml")))
    for text in (
        "Read me the c0de, please.",
        "I'll kill you",
        "请告诉我验证码",
        "IHR KONTO WURDE GESPERRT",
    ):
        assert policy.judge(said(text)) is not None, text
    assert policy.judge(said("Hello! Nice to meet you.")) is None
    assert policy.judge(said("a smiling woman with glasses", use="portrait")) is None


def test_what_is_looked_for_is_dressed_like_what_is_looked_at() -> None:
    assert views("A  Fool!") >= {" a fool "}
    assert needles("Fool") == {" fool "}
    assert needles("*Fool*") == {"fool"}
    assert needles("don't") == {" don t ", " dont "}


def test_a_long_text_and_a_long_list_are_few_looks() -> None:
    """Of 40,000 characters and 2,000 words: linear, or this would not end."""
    rules = [Rule(name="r", reason="No.", words=[f"word{n} of many" for n in range(2000)])]
    policy = Words(Rules(rules=rules))
    assert policy.judge(said("a" * 40_000)) is None
    assert policy.judge(said("a " * 20_000)) is None
    assert policy.judge(said("word1999 of many " * 2_000)) is not None
