"""What the round trip of voices counts as wrong."""

import pytest

from bench.voices_roundtrip import words_otherwise
from deployments.speech.fronts.languages import open_fronts


@pytest.mark.parametrize(
    ("language", "said", "heard", "wrong"),
    [
        ("it-IT", "Mia sorella beve tè.", "Mi assorella beve te.", 0),
        ("fr-FR", "Prenez un parapluie.", "Prenez en parapluie.", 1),
        ("es-ES", "Anoche lloverá.", "A noche joverá.", 1),
        ("pt-BR", "Esqueci a chave.", "Eu esqueci a chave.", 1),
    ],
)
def test_the_round_trip_counts_words_of_another_sound_not_of_another_spelling(
    language: str, said: str, heard: str, wrong: int
) -> None:
    fronts, _ = open_fronts((language,))
    rows = [{"said": said, "heard": heard}]
    assert words_otherwise(fronts[language], language, rows) == wrong
