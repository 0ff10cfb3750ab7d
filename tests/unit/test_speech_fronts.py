# ruff: noqa: RUF001 - phonetic symbols and East Asian marks are what is tested
"""How each language is cut and read."""

import shutil
import sys
from collections.abc import Sequence

import pytest

from deployments.speech.fronts.chinese_signs import RULES as CHINESE
from deployments.speech.fronts.english_signs import RULES as ENGLISH
from deployments.speech.fronts.espeak import Espeak
from deployments.speech.fronts.front import FrontEnd, FrontEndMissingError, pieces_of
from deployments.speech.fronts.japanese import phonemes
from deployments.speech.fronts.japanese_signs import RULES as JAPANESE
from deployments.speech.fronts.languages import LANGUAGES, open_fronts
from deployments.speech.fronts.owned import Owned, Rule
from deployments.speech.fronts.spoken import Spoken
from deployments.speech.reading import Reading


@pytest.fixture(scope="module")
def fronts() -> dict[str, FrontEnd]:
    opened, missing = open_fronts()
    assert not missing
    return opened


def said_by(reading: Reading, word: str) -> str:
    owner = reading.words.index(word)
    pairs = zip(reading.symbols, reading.owners, strict=True)
    return "".join(c for c, o in pairs if o == owner).strip()


@pytest.mark.parametrize(
    ("code", "written", "said"),
    [
        ("es", "20€", "20 euros"),
        ("es", "$5 millones", "5 millones de dólares"),
        ("es", "1.250,50€", "1250 euros con 50"),
        ("es", "12/05/2024", "12 de mayo de 2024"),
        ("es", "99/99/2024", "99 99 2024"),
        ("es", "(19:30)", "(19 y 30)"),
        ("es", "Sr. García", "señor García"),
        ("es", "30%", "30  por ciento "),
        ("fr", "01/02/2023.", "premier février 2023."),
        ("fr", "Mme Dupont", "madame Dupont"),
        ("fr", "14h00", "14 heures"),
        ("it", "2024-12-01", "primo dicembre 2024"),
        ("pt", "R$30", "30 reais"),
        ("hi", "₹500", "500 रुपये"),
        ("es", "ana@mail.com", "ana arroba mail punto com"),
        ("es", "https://www.example.com/foo/", "example punto com barra foo"),
        ("es", "a -3 °C, 12,5 kg", "a menos 3 grados , 12,5 kilos"),
        ("es", "80 km/h y 2 m²", "80 kilómetros por hora y 2 metros cuadrados"),
        ("es", "de 10-12 personas", "de 10 a 12 personas"),
        ("es", "3×4=12", "3 por 4 igual a 12"),
        ("es", "p. ej. EE. UU.", "por ejemplo Estados Unidos"),
        ("es", "siglo XXI, Felipe VI", "siglo 21, Felipe sexto"),
        ("es", "m de Mario", "m de Mario"),
        ("fr", "1 250,50 €", "1250 euros 50"),
        ("fr", "1 000 000 habitants", "1000000 habitants"),
        ("fr", "le 12 345", "le 12345"),
        ("fr", "en 2024 300 personnes", "en 2024 300 personnes"),
        ("fr", "n°5", "numéro 5"),
        ("fr", "p. ex. p. 5", "par exemple page 5"),
        ("fr", "Louis XIV, XXIe siècle", "Louis 14, 21-ième siècle"),
        ("fr", "Ils jouent.", "Ils joue."),
        ("fr", "le respect", "le respè"),
        ("it", "il 1° gennaio, 20 °C", "il 1º gennaio, 20 gradi"),
        ("it", "il sig. Rossi", "il signor Rossi"),
        ("pt", "R$ 1.250,50.", "1250 reais e 50."),
        ("pt", "R$ alto", "reais alto"),
        ("hi", "-3 °C", "माइनस 3 डिग्री"),
        ("es", "£5 ¥100 €20 $3", "5 libras 100 yenes 20 euros 3 dólares"),
        ("fr", "12 M€ et 3,5 Mds €", "12 millions d'euros et 3,5 milliards d'euros"),
        ("pt", "R$ 300 mil, R$ 3,50/mês", "300 mil reais, 3 reais e 50 por mês"),
        ("es", "1 €, 1 kg, 21 h", "un euro, un kilo, veintiuna horas"),
        ("pt", "2 horas em 2 dias", "duas horas em 2 dias"),
        ("es", "½ taza, 1/4 l, 3½ kg", "media taza, un cuarto de litro, 3 kilos y medio"),
        ("fr", "5,6 l/100 km", "5,6 litres aux 100 kilomètres"),
        ("es", "el 10–15 %, −3 a -1", "el 10 a 15 por ciento, menos 3 a menos 1"),
        ("es", "ganó 3-1 en 2023-24", "ganó 3 a 1 en 2023 24"),
        ("fr", "un Boeing 737-800", "un Boeing 737 800"),
        ("it", "8.00? No, dalle 9.00 alle 12.30", "8 punto 00? No, dalle 9 alle 12 e 30"),
        ("es", "16:30-20:00, a la 1:15", "16 y 30 a 20, a la una y 15"),
        ("fr", "9h-12h, à 20h05", "9 heures à 12 heures, à 20 heures 5"),
        ("hi", "12:30 बजे, 1:30 बजे", "साढ़े 12 बजे, डेढ़ बजे"),
        ("hi", "9:05 बजे, 12:45", "9 बजकर 5 मिनट, पौने 1 बजे"),
        ("hi", "₹1,25,000 का 2.5%", "125000 रुपये का 2 दशमलव 5 प्रतिशत"),
        ("hi", "१२ जनवरी", "12 जनवरी"),
        ("es", "15/3/26, 01-01-1999", "15 de marzo de 2026, 1 de enero de 1999"),
        ("pt", "2024-05-01T10:30:00Z", "primeiro de maio de 2024, 10 e 30"),
        ("es", "24/7, 3/4, 24/12", "24 7, 3 cuartos, 24 de diciembre"),
        ("fr", "06.12.34.56.78", "0 6 12 34 56 78"),
        ("pt", "(11) 91234-5678", "(11) 9 1 2 3 4 5 6 7 8"),
        (
            "es",
            "v2.10.3 en 192.168.0.1",
            "versión 2 punto 10 punto 3 en 192 punto 168 punto 0 punto 1",
        ),
        (
            "es",
            "a.es/x?id=5&b=%C3%B1#y",
            "a punto es barra x interrogación id igual 5 y b igual ñ almohadilla y",
        ),
        ("fr", "#BonLundi, n° 3", "hachetague Bon Lundi, numéro 3"),
        ("it", "get_name() e getUserName", "get trattino basso name e get User Name"),
        ("es", "la II República, Isabel II", "la segunda República, Isabel segunda"),
        ("it", "Luigi XIV, II guerra", "Luigi 14º, 2ª guerra"),
        ("es", "la I Guerra, Carlos V, siglo V", "la primera Guerra, Carlos quinto, siglo 5"),
        ("es", "Rayos X y What I Like", "Rayos X y What I Like"),
        ("es", "el artículo 1 dice 1 día", "el artículo 1 dice un día"),
        ("pt", "o artigo 2 das 2 páginas", "o artigo 2 das duas páginas"),
        ("fr", "XIXe-XXe, François Ier, 2e", "19-ième-20-ième, François premier, 2-ième"),
        ("fr", "Il y en a sept.", "Il y en a sept."),
        ("es", "MIX de CIVIL y mi CV", "MIX de CIVIL y mi CV"),
        ("es", "¡Hola a tod@s! 😀", "¡Hola a todos!"),
    ],
)
def test_signs_are_said_in_words(code: str, written: str, said: str) -> None:
    words = [text for _, text in Spoken.of_language(code).words(written.split())]
    assert " ".join(" ".join(words).split()) == " ".join(said.split())


@pytest.mark.parametrize(
    ("rules", "written", "said"),
    [
        (ENGLISH, "£5 ¥100 €20 $3", "5 pounds 100 yen 20 euros $3"),
        (ENGLISH, "$5.3bn or £300k", "5.3 billion dollars or 300 thousand pounds"),
        (ENGLISH, "call +1 (555) 123-4567", "call 1, 5 5 5, 1 2 3, 4 5 6 7"),
        (ENGLISH, "10–15% or $10–15", "10 to 15% or 10 to 15 dollars"),
        (ENGLISH, "won 3-1, pages 12-15.", "won 3 1, pages 12 to 15."),
        (ENGLISH, "9:00-18:00 Mon–Fri", "9:00 to 18:00 Monday to Friday"),
        (ENGLISH, "5'10\", 2 1/2 cups", "5 foot 10, 2 and a half cups"),
        (ENGLISH, "v2.10.3, get_name()", "version 2 point 10 point 3, get underscore name"),
        (ENGLISH, "see a.org/x?id=5", "see a dot org slash x question mark id equals 5"),
        (ENGLISH, "Hello, I am 5.", "Hello, I am 5."),
        (JAPANESE, "£5 ¥100 $8.50", "5ポンド 100円 8.50ドル"),
        (JAPANESE, "札幌は-5℃、−3.5度", "札幌はマイナス5度、マイナス3.5度"),
        (JAPANESE, "10/20の9:05〜18:00", "10月20日の9時5分から18時"),
        (JAPANESE, "約1/3、½カップ", "約3分の1、2分の1カップ"),
        (JAPANESE, "3-1で勝ち、5-6人", "3タイ1で勝ち、5から6人"),
        (JAPANESE, "a@b.jpへ", "a アットマーク b ドット jpへ"),
        (JAPANESE, "https://b.jp/をご覧", "b ドット jpをご覧"),
        (JAPANESE, "燃費20km/L、100㎡", "燃費リッター20キロメートル、100平方メートル"),
        (JAPANESE, "電話03-1234-5678", "電話03-1234-5678"),
        (CHINESE, "时速80km/h，5.6L/100km", "时速80公里每小时，每百公里5.6升"),
        (CHINESE, "9:00-18:00，下午2:30", "9点到18点，下午两点30分"),
        (CHINESE, "比分3:1，3-1获胜", "比分3比1，3比1获胜"),
        (CHINESE, "2个人，第2次，12个", "两个人，第2次，12个"),
        (CHINESE, "邮编100022，010-123456", "邮编一零零零二二，零一零一二三四五六"),
        (CHINESE, "10–15%，½杯", "10%到15%，2分之1杯"),
        (CHINESE, "a@b.cn，谢谢", "a 艾特 b 点 cn，谢谢"),
    ],
)
def test_signs_are_said_in_words_by_rules_of_their_own(
    rules: Sequence[Rule], written: str, said: str
) -> None:
    text = Owned.by_place(written).said(rules).text
    assert " ".join(text.split()) == said


def test_every_written_word_keeps_what_is_said_for_it() -> None:
    said = list(
        Spoken.of_language("es").words(["EE.", "UU.", "pagó", "$5", "millones", "p.", "ej."])
    )
    assert [i for i, _ in said] == sorted(i for i, _ in said)
    by_word = {i: [text for j, text in said if j == i] for i, _ in said}
    assert by_word[0] == ["Estados"]
    assert by_word[1] == ["Unidos"]
    assert set(by_word) == set(range(7))


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("es-ES", "Hola, Sr. García. ¿Cómo está?", ["Hola, Sr. García.", "¿Cómo está?"]),
        ("fr-FR", "M. Dupont est là. Bonjour !", ["M. Dupont est là.", "Bonjour !"]),
        ("hi-IN", "नमस्ते। मैं राम हूँ।", ["नमस्ते।", "मैं राम हूँ।"]),
        ("ja-JP", "雨です。傘は?はい!", ["雨です。", "傘は?はい!"]),
        ("zh-CN", "下雨了。你好吗？好！", ["下雨了。", "你好吗？", "好！"]),
    ],
)
def test_sentences_end_where_the_language_ends_them(
    fronts: dict[str, FrontEnd], language: str, text: str, pieces: list[str]
) -> None:
    assert [" ".join(p.words) for p in pieces_of(fronts[language], text)] == pieces


@pytest.mark.parametrize(
    ("language", "words", "word", "sounds"),
    [
        ("en-GB", ["tomato"], "tomato", "təmˈɑːtQ"),
        ("es-ES", ["ocho", "casas"], "ocho", "ˈoʧo"),
        ("es-ES", ["de", "Juan"], "de", "de"),
        ("fr-FR", ["les", "enfants"], "enfants", "ɑ̃fˈɑ̃"),
        ("it-IT", ["ciao!"], "ciao!", "ʧˈao!"),
        ("pt-BR", ["É,", "sim."], "É,", "ɛ,"),
        ("pt-BR", ["coração"], "coração", "koɾasˈɐ̃ʊ̃"),
        ("hi-IN", ["राम", "है।"], "राम", "ɾˈaːm"),
        ("ja-JP", ["行って、", "寿司を食べた。"], "行って、", "iʔte,"),
        ("ja-JP", ["10,500円で"], "10,500円で", "iʨi maɴ ɡo çakɯ eɴ de"),
        ("ja-JP", ["2.5です。"], "2.5です。", "ɲi teɴ ɡo desɨ."),
        ("fr-FR", ["ils", "jouent", "ici"], "jouent", "ʒu"),
        ("en-US", ["https://www.example.com/"], "https://www.example.com/", "ɪɡzæmpəl dɑt kɑm"),
        ("zh-CN", ["-3℃，"], "-3℃，", "fu↘ sa→n ʂɤ↘ʂɨ↘tu↘,"),
        ("zh-CN", ["10-12人"], "10-12", "ʂɨ↗tau↘ ʂɨ↗ɚ↘"),
        ("zh-CN", ["二〇二四年"], "〇", "li↗ŋ"),
        ("zh-CN", ["打13800000000"], "13800000000", "i→ sa→npa→" + " li↗ŋli↗ŋ" * 4),
        ("zh-CN", ["我的朋友"], "朋友", "pʰə↗ŋjou"),
        ("zh-CN", ["谢谢妈妈"], "妈妈", "ma→ma"),
        ("zh-CN", ["他起来了"], "起来", "ʨʰi↓lai"),
        ("ja-JP", ["Pythonは"], "Pythonは", "pIθɑn βa"),
        ("ja-JP", ["9:05から"], "9:05から", "kɯ ʥi ɡo ɸɯɴ kaɾa"),
        ("fr-FR", ["le", "20e", "siècle"], "20e", "vɛ̃tjɛm"),
        ("zh-CN", ["你好！"], "你好！", "ni↓xau↓!"),
        ("zh-CN", ["我喜欢iPhone手机，"], "iPhone", "ˈIfˌOn"),
    ],
)
def test_each_word_has_its_phonemes(
    fronts: dict[str, FrontEnd], language: str, words: list[str], word: str, sounds: str
) -> None:
    def bare(text: str) -> str:
        return text.replace("ˌ", "").replace("ˈ", "")

    assert bare(said_by(fronts[language].read(words), word)) == bare(sounds)


@pytest.mark.parametrize(
    ("kana", "sounds"),
    [
        ("キョー", "kʲoː"),
        ("シュッ", "ɕɨʔ"),
        ("ファイル", "ɸaiɾɯ"),
        ("ウィ", "βi"),
        ("ジェ", "ʥe"),
        ("?", ""),
    ],
)
def test_kana_are_a_consonant_and_a_vowel(kana: str, sounds: str) -> None:
    assert phonemes(kana) == sounds


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "odd", ["…", "--", "((", "a\u0301", "😀!", "%", "1.", ".5", "1" * 60, "x" * 90]
)
def test_odd_texts_are_read_or_refused_but_never_trip(
    fronts: dict[str, FrontEnd], language: str, odd: str
) -> None:
    front = fronts[language]
    reading = front.read([odd, "1"])
    assert len(reading.symbols) == len(reading.owners)
    assert all(0 <= owner < len(reading.words) for owner in reading.owners)


@pytest.mark.parametrize(
    ("language", "unit"),
    [
        ("es-ES", "Hola, me llamo Ana y tengo 12 años. "),
        ("hi-IN", "मेरा नाम राम है। "),
        ("ja-JP", "今日はいい天気です、散歩に行きましょう。"),
        ("ja-JP", "今日はいい天気ですから散歩に行きましょう"),
        ("zh-CN", "今天天气很好，我们去公园散步吧。"),
        ("zh-CN", "今天天气很好我们去公园散步吧"),
    ],
)
def test_forty_thousand_characters_lose_nothing(
    fronts: dict[str, FrontEnd], language: str, unit: str
) -> None:
    text = (unit * 8000)[:40_000]
    pieces = pieces_of(fronts[language], text)
    assert "".join("".join(p.words) for p in pieces) == "".join(text.split())
    assert all(len(fronts[language].read(p.words).symbols) <= 400 for p in pieces[:20])


def test_a_reader_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(FrontEndMissingError, match="apt install espeak-ng"):
        Espeak.open("French", "fr-fr")
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    monkeypatch.setitem(sys.modules, "jieba", None)
    _, missing = open_fronts(("ja-JP", "zh-CN"))
    assert "pip install 'avatar-serve[japanese]'" in missing["ja-JP"]
    assert "pip install 'avatar-serve[chinese]'" in missing["zh-CN"]
