"""The words that the portrait engine understands. Each of them was judged on painted faces.

What has no entry is said back to the user: clothes, jobs, places, styles, lengths of men's hair,
baldness, red hair; and on purpose whatever describes an ethnicity, which no probe can tell from
lighting, and whatever describes a child, since only adults are painted.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SEX: Final = {
    **dict.fromkeys(
        ("woman", "women", "female", "lady", "ladies", "mother", "mum", "mom", "wife"), "woman"
    ),
    **dict.fromkeys(
        ("man", "men", "male", "gentleman", "gentlemen", "guy", "father", "dad", "husband"), "man"
    ),
}

GRANDPARENTS: Final = {
    **dict.fromkeys(("grandmother", "grandma", "granny"), "woman"),
    **dict.fromkeys(("grandfather", "grandpa", "granddad"), "man"),
}
"""Sex, and old age."""

PRONOUNS: Final = {
    **dict.fromkeys(("she", "her", "hers"), "woman"),
    **dict.fromkeys(("he", "his", "him"), "man"),
}
"""They tell the sex where nothing else does."""

SEX_ONLY: Final = {
    **dict.fromkeys(("girl", "actress", "businesswoman", "queen", "princess"), "woman"),
    **dict.fromkeys(("boy", "actor", "businessman", "king", "prince"), "man"),
}
"""Words of which only the sex is understood; they still count as ignored."""

AGE: Final = {
    **dict.fromkeys(("young", "younger", "youthful"), 25.0),
    **dict.fromkeys(("mature",), 46.0),
    **dict.fromkeys(("older",), 53.0),
    **dict.fromkeys(("old", "elderly", "senior", "aged"), 62.0),
}
"""Years, as the age probe counts them."""

MIDDLE_AGED: Final = 46.0
GRANDPARENT: Final = 62.0
YOUNGEST, OLDEST = 18, 99
"""Ages, in years, that a number may give."""

TENS: Final = {
    word: 10 * n
    for n, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
DECADES: Final = {f"{word.removesuffix('y')}ies": years for word, years in TENS.items()}
UNITS: Final = {
    word: n
    for n, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), start=1
    )
}
PART_OF_DECADE: Final = {"early": 2, "mid": 5, "late": 8}
TEENS: Final = {
    word: n
    for n, word in enumerate(
        (
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ),
        start=10,
    )
}
YEARS: Final = _words("year years yr yrs")
LESS_THAN_YEARS: Final = _words("month months week weeks day days")

SMILE: Final = _words(
    "smile smiles smiling smiley happy cheerful friendly joyful grin grins grinning"
)
SERIOUS: Final = _words("serious stern unsmiling neutral")

GLASSES: Final = _words("glasses spectacles eyeglasses bespectacled")
BEARD: Final = _words("beard beards bearded")
SHAVEN: Final = _words("shaven shaved")
"""After "clean"."""
HAT: Final = _words("hat hats cap headgear")
"""Faces are painted without: understood only where they are not wanted."""

HAIR: Final = _words("hair haired hairs")
HAIR_NOUNS: Final = {"blonde": "blonde", "blond": "blonde", "brunette": "brown"}
"""Colours that need no "hair" beside them."""
HAIR_COLOURS: Final = {
    **dict.fromkeys(("blonde", "blond", "fair", "golden"), "blonde"),
    **dict.fromkeys(("brown", "brunette", "chestnut"), "brown"),
    **dict.fromkeys(("black", "raven"), "black"),
    "dark": "dark",
    **dict.fromkeys(("grey", "gray", "greying", "graying", "silver"), "grey"),
    "white": "white",
}
HAIR_LENGTHS: Final = _words("long short")
HAIR_STYLES: Final = _words(
    "curly wavy straight thick thin fine messy frizzy shiny shoulder length tied red ginger"
)
"""Not understood, but they may stand between a colour and "hair"."""

NEGATIONS: Final = _words("no not without never nor")
AFTER_NEGATION: Final = _words("a an any the her his their wearing wear have having")

FILLER: Final = _words(
    """a an the of with and or in on at to for from by as who whose that which is are was be
    being it its this these i we you me my your our their they them there please make made
    paint painted create draw show generate want wants like would very quite really just
    some one any has have having had wear wears wearing look looks looking facing face faces
    portrait portraits photo photos photograph picture pictures image headshot shot close up
    closeup avatar person people human someone somebody adult adults camera front frontal
    straight ahead into age year years expression realistic photorealistic"""
)
"""Words that ask for nothing, or for what every portrait has."""
