"""Letters of the fonts from before Unicode, told by the font's name: TCVN3 (TCVN 5712:1993, ".VnTime") and VNI ("VNI-Times").

Their PDFs hold Latin-1 letters where a reader sees Vietnamese ones. TCVN3 knows no accented capitals: those stand in fonts
of their own (".VnTimeH"), whose small letters look like capitals. VNI writes most letters as two: the vowel, then its marks.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

Encoding = Literal["", "tcvn3", "tcvn3-capitals", "vni"]

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_TCVN3: Mapping[str, str] = dict(
    zip(
        "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
        "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
        strict=True,
    )
) | {"\u03bc": "à"}

_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT, _HAT, _BREVE = "\u0300\u0301\u0309\u0303\u0323\u0302\u0306"
_VNI_MARKS: Mapping[str, str] = {
    "ø": _GRAVE, "ù": _ACUTE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _HAT, "à": _HAT + _GRAVE, "á": _HAT + _ACUTE, "å": _HAT + _HOOK, "ã": _HAT + _TILDE, "ä": _HAT + _DOT,
    "ê": _BREVE, "è": _BREVE + _GRAVE, "é": _BREVE + _ACUTE, "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE, "ë": _BREVE + _DOT,
}  # fmt: skip
_VNI_LETTERS: Mapping[str, str] = {"ô": "ơ", "ö": "ư", "ñ": "đ", "î": "ỵ", "æ": "ỉ", "ó": "ĩ", "ò": "ị"}
_VNI_VOWELS = frozenset("aeouyơư")
_TAKES_BREVE = "a"
_TAKES_HAT = frozenset("aeo")


def encoding_of(font: str) -> Encoding:
    """Return how a font of that PostScript name encodes Vietnamese; "" for all others."""
    name = _SUBSET.sub("", font).lower().lstrip(".")
    if name.startswith("vni"):
        return "vni"
    if name.startswith("vn") and (font.find(".") >= 0 or name.startswith(("vntime", "vnarial", "vncourier"))):
        family = re.split(r"[-,_ ]", name)[0]
        return "tcvn3-capitals" if family.endswith("h") else "tcvn3"
    return ""


def letter(encoding: Encoding, char: str) -> str:
    """Return a letter in Unicode, as its reader sees it; a mark of VNI alone stays what it is."""
    if encoding == "vni":
        plain = _VNI_LETTERS.get(char.lower(), char)
        return plain.upper() if char.isupper() else plain
    plain = _TCVN3.get(char, char)
    return plain.upper() if encoding == "tcvn3-capitals" else plain


def marked(before: str, char: str) -> str | None:
    """Return the letter that VNI writes as a vowel (in Unicode already) and marks; None if `char` is no mark for it."""
    marks = _VNI_MARKS.get(char.lower())
    return unicodedata.normalize("NFC", before + marks) if marks and _takes(before.lower(), marks) else None


def _takes(vowel: str, marks: str) -> bool:
    if vowel not in _VNI_VOWELS:
        return False
    if marks[0] == _HAT:
        return vowel in _TAKES_HAT
    return marks[0] != _BREVE or vowel == _TAKES_BREVE
