"""Languages as files name them: three letters (ISO 639-2/T) for a BCP 47 tag."""

from typing import Final

UNDETERMINED: Final = "und"

_CODES: Final = """
af:afr am:amh ar:ara az:aze be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu
el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin fil:fil fr:fra ga:gle gl:glg gu:guj ha:hau
he:heb hi:hin hr:hrv hu:hun hy:hye id:ind ig:ibo is:isl it:ita ja:jpn jv:jav ka:kat kk:kaz
km:khm kn:kan ko:kor ku:kur ky:kir lb:ltz lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal
mn:mon mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor ny:nya or:ori pa:pan
pl:pol ps:pus pt:por ro:ron ru:rus rw:kin sd:snd si:sin sk:slk sl:slv sm:smo sn:sna so:som
sq:sqi sr:srp st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha tk:tuk tl:tgl tr:tur
tt:tat ug:uig uk:ukr ur:urd uz:uzb vi:vie xh:xho yi:yid yo:yor zh:zho zu:zul
"""
_THREE_LETTERS: Final = dict(pair.split(":") for pair in _CODES.split())


def three_letters(tag: str | None) -> str:
    """`en-US` to `eng`; a code that has three letters stays; "und" for what is not known."""
    code = (tag or "").split("-")[0].lower()
    if code in _THREE_LETTERS:
        return _THREE_LETTERS[code]
    known = len(code) == 3 and code.isascii() and code.isalpha()
    return code if known else UNDETERMINED
