"""Letters of the fonts from before Unicode, told by the font's name: TCVN3 (TCVN 5712:1993, ".VnTime") and VNI ("VNI-Times").

Their PDFs hold Latin-1 letters where a reader sees Vietnamese ones. TCVN3 knows no accented capitals: those stand in fonts
of their own (".VnTimeH"), whose small letters look like capitals. VNI writes most letters as two: the vowel, then its marks.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

Encoding = Literal["", "tcvn3", "tcvn3-capitals", "vni"]
Edges = tuple[float, float]

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


def converted(encoding: Encoding, chars: list[str], edges: list[Edges]) -> tuple[list[str], list[Edges]]:
    """Return letters and their edges in Unicode (NFC)."""
    if encoding == "vni":
        return _from_vni(chars, edges)
    plain = [_TCVN3.get(char, char) for char in chars]
    return ([char.upper() for char in plain] if encoding == "tcvn3-capitals" else plain), edges


def _from_vni(chars: list[str], edges: list[Edges]) -> tuple[list[str], list[Edges]]:
    made: list[str] = []
    places: list[Edges] = []
    for char, edge in zip(chars, edges, strict=True):
        marks, before = _VNI_MARKS.get(char.lower()), made[-1] if made else ""
        if marks and _takes(before.lower(), marks):
            made[-1] = unicodedata.normalize("NFC", before + marks)
            places[-1] = places[-1][0], max(places[-1][1], edge[1])
            continue
        letter = _VNI_LETTERS.get(char.lower())
        made.append((letter.upper() if char.isupper() else letter) if letter else char)
        places.append(edge)
    return made, places


def _takes(vowel: str, marks: str) -> bool:
    if vowel not in _VNI_VOWELS:
        return False
    if marks[0] == _HAT:
        return vowel in _TAKES_HAT
    return marks[0] != _BREVE or vowel == _TAKES_BREVE
