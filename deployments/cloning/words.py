# ruff: noqa: RUF001 - signs of many scripts are meant
"""What a voice says while it is searched for, and afterwards, when it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SEARCH: Final = "The boy saw two green birds above the old farm house."
"""Spoken by every voice that the search tries, whatever the sample's language: a style knows none,
and what is known of the stock voices was heard in these words (`stock_voices.npz`)."""

FINAL: Final = (
    "Father would rather walk home than wait for a taxi.",
    "She bought five pears and a jar of honey.",
)
"""Spoken by the best mixture and the nearest stock voice, one of which is taken."""

HELD_OUT: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "Could you please tell me when the next train leaves?",
        "My mother keeps fresh bread in a wooden box.",
        "Nobody knew why the music stopped so early.",
    ),
    "es": (
        "¿Me puede decir cuándo sale el próximo autobús?",
        "Mi abuelo guarda el pan en una caja de madera.",
        "Nadie sabe por qué terminó tan pronto la música.",
    ),
    "fr": (
        "Pouvez-vous me dire quand part le prochain bus ?",
        "Ma grand-mère garde le pain dans une boîte en bois.",
        "Personne ne sait pourquoi la musique s'est arrêtée.",
    ),
    "hi": (
        "क्या आप बता सकते हैं कि अगली बस कब जाएगी?",
        "मेरी दादी लकड़ी के डिब्बे में रोटी रखती हैं।",
        "किसी को नहीं पता कि संगीत क्यों रुक गया।",
    ),
    "it": (
        "Mi può dire quando parte il prossimo autobus?",
        "Mio nonno tiene il pane in una scatola di legno.",
        "Nessuno sa perché la musica è finita così presto.",
    ),
    "ja": (
        "次のバスは何時に出るか教えてください。",
        "祖母は木の箱にパンを入れておきます。",
        "なぜ音楽が止まったのか、誰も知りません。",
    ),
    "pt": (
        "Pode me dizer quando sai o próximo ônibus?",
        "Meu avô guarda o pão numa caixa de madeira.",
        "Ninguém sabe por que a música parou tão cedo.",
    ),
    "zh": (
        "请问下一班公共汽车什么时候开？",
        "我奶奶把面包放在木头盒子里。",
        "没有人知道音乐为什么这么早就停了。",
    ),
}
"""Words that the search does not use, by language: how like the sample, and how loud a voice is."""


@dataclass(frozen=True, slots=True)
class Words:
    """All that is spoken for a voice."""

    search: str
    final: Sequence[str]
    held_out: Mapping[str, Sequence[str]]


WORDS: Final = Words(SEARCH, FINAL, HELD_OUT)
