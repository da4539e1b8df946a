"""Marks of secrecy and urgency as they stand on documents, in subjects and in file names.

Levels: Luật Bảo vệ bí mật nhà nước (MẬT, TỐI MẬT, TUYỆT MẬT); NĐ 30/2020/NĐ-CP Phụ lục I Phần I III.2 (HOẢ TỐC,
THƯỢNG KHẨN, KHẨN). A mark is a stamp, not a word: it counts where it stands alone. A missed secret costs much, a
false alarm one more look, so what prose does not explain counts as a mark:

- alone on its line, framed or not, letter-spaced, unaccented capitals too; "Mật" with one capital, not "mật" (a
  word wrapped to the next line);
- set off from the rest by brackets, a colon, a bar, a spaced dash or a wide gap: "[MẬT] Báo cáo", "Họp - TỐI MẬT";
- after a label in any letters ("Độ mật: tối mật"), beside the number line, before a capitalised text;
- a stamp of several words: "TÀI LIỆU MẬT";
- in a file name in any letters: accented unless a neighbour makes another word of it ("mật khẩu", "bí mật");
  unaccented only alone, in brackets, or among digits, symbols and type names ("mat_12", "bao-cao-mat", "12-CV-TU-MAT"),
  for "mat" is mặt, mất and mát as well ("giai-phong-mat-bang", "mat-tran").

Not counted: "bảo mật", "bí mật nhà nước", "mật khẩu" in any letters; prose about marks ("các văn bản MẬT và …").
"""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Family:
    """Marks of one kind: spellings without blanks in capitals to mark; neighbours that make another word in a name."""

    spellings: dict[str, str]
    before: frozenset[str]
    after: frozenset[str]


_SECRECY = _Family(
    {
        "MẬT": "MẬT", "TỐIMẬT": "TỐI MẬT", "TUYỆTMẬT": "TUYỆT MẬT",
        "MAT": "MẬT", "TOIMAT": "TỐI MẬT", "TUYETMAT": "TUYỆT MẬT",
        # Text layers in the old fonts TCVN3 and VNI spell the same words so.
        "MËT": "MẬT", "TÈIMËT": "TỐI MẬT", "TUYÖTMËT": "TUYỆT MẬT",
        "MAÄT": "MẬT", "TOÁIMAÄT": "TỐI MẬT", "TUYEÄTMAÄT": "TUYỆT MẬT",
    },
    frozenset(["bí", "bảo", "cơ", "thân"]),
    frozenset(["khẩu", "mã", "độ", "thư", "vụ", "ong", "danh", "thiết", "nghị", "ngữ"]),
)  # fmt: skip
_URGENCY = _Family(
    {
        "KHẨN": "KHẨN", "THƯỢNGKHẨN": "THƯỢNG KHẨN", "HỎATỐC": "HỎA TỐC", "HOẢTỐC": "HỎA TỐC",
        "HỎATỐCHẸNGIỜ": "HỎA TỐC", "HOẢTỐCHẸNGIỜ": "HỎA TỐC",
        "KHAN": "KHẨN", "THUONGKHAN": "THƯỢNG KHẨN", "HOATOC": "HỎA TỐC",
    },
    frozenset(["thành", "cầu", "khai"]),
    frozenset(["trương", "cấp", "thiết", "nguyện", "hoang", "cầu"]),
)  # fmt: skip
_LOWEST_FIRST = ("MẬT", "TỐI MẬT", "TUYỆT MẬT", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC")

_EVERY = sorted(_SECRECY.spellings | _URGENCY.spellings, key=len, reverse=True)
_ONE = re.compile("|".join(_EVERY))
_SEVERAL = re.compile(f"(?:{'|'.join(_EVERY)})+")  # "MẬT  KHẨN": two stamps side by side
_SINGLE_WORDS = frozenset({"MẬT", "KHẨN"})

_FRAME = re.compile(r"[\s\[\](){}<>«»“”\"'‘’|*_=~+#.:;!•·…/\\–—-]+")
# A comma does not set off: "MẬT, TỐI MẬT và TUYỆT MẬT" is prose.
_SET_OFF = re.compile(r" [-–—|•·]+ |[:|_\[\](){}*«»“”\"]+")
_WIDE = re.compile(r"\t|\s{3,}")
_LABEL = re.compile(r"(?:độ|mức|dấu) (?:mật|khẩn) ?[:=–-] ?([^;,.()]{2,40})", re.IGNORECASE)
_STAMP = re.compile(r"^\W*(?:TÀI LIỆU|VĂN BẢN|CÔNG VĂN|HỒ SƠ|BÁO CÁO) (?P<rest>.+)$")
_BESIDE = re.compile(r"^S[ốỐ] ?:? ?[\d .…_|]*[-/] ?\S+ (?P<rest>\D+)$")
_LEADING = re.compile(
    r"^\W*(?P<mark>(?:TỐI |TUYỆT )?MẬT|(?:THƯỢNG )?KHẨN|H(?:ỎA|OẢ) TỐC) (?P<next>[^\W\d_]+)(?P<end>/?)"
)
# Passes every spelling, however spaced; spares the work on lines that cannot bear a mark.
_HINT = re.compile(
    r"m\W{0,4}[aậäë]\W{0,4}ä?\W{0,4}t|k\W{0,4}h\W{0,4}[aẩ]\W{0,4}n|h\W{0,4}[oỏ]\W{0,4}[aả]\W{0,4}t", re.IGNORECASE
)
_LONGEST = 60

_EXTENSION = re.compile(
    r"(?:\.(?:pdf|docx?|docm|xlsx?|pptx?|od[tsp]|rtf|txt|html?|zip|rar|7z|p7[msb]|xml|edxml|eml|msg|jpe?g|png|tiff?"
    r"|csv|sig|bak))+$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_BRACKETED = re.compile(r"[\[({]([^\])}]{3,40})[\])}]")
_DOCUMENT_WORDS = re.compile(
    "cong van|van ban|tai lieu|bao cao|ke hoach|to trinh|quyet dinh|nghi quyet|ho so|ket luan|thong bao|chi thi"
    "|phuong an|de an|huong dan|quy dinh"
)
_CODES = re.compile(
    "cv|tu|tw|hu|du|đu|qd|qđ|nq|tb|bc|kh|kl|ct|hd|ttr|ctr|da|đa|pa|bb|gm|so|ubnd|hdnd|hđnd|vptu|vptw|btctu|signed"
)


_WRITTEN = re.compile(r"(?<!\w)(?:TỐI |TUYỆT )?MẬT(?!\w)|^Mật(?=[.:,;]|$)")


def written_mark(text: str) -> str | None:
    """Return the mark in what a clerk types into a book: there a word in capitals among others is one as well.

    Whoever only writes about such documents writes it in small letters.
    """
    found = secret_mark(text)
    if found or text == text.upper():
        return found
    word = _WRITTEN.search(unicodedata.normalize("NFC", text))
    return word[0].upper() if word else None


def secret_mark(text: str) -> str | None:
    """Return "MẬT", "TỐI MẬT" or "TUYỆT MẬT" if a line, a subject, several lines or a file name bears the mark.

    Of several marks the highest. What ends like a file ("12-CV-TU (MAT).pdf") is judged as a file name.
    """
    return _mark(text, _SECRECY)


def secret_mark_in_name(name: str) -> str | None:
    """Return the secrecy mark that a file's name bears, whatever its extension; folders before it do not count."""
    plain = unicodedata.normalize("NFC", name)
    return _highest([*_in_name(plain, _SECRECY), *_in_line(plain, _SECRECY)])


def urgency_mark(text: str) -> str | None:
    """Return "KHẨN", "THƯỢNG KHẨN" or "HỎA TỐC" if the text bears it as a mark; never for "khẩn trương", "khẩn cấp".

    HỎA TỐC HẸN GIỜ counts as HỎA TỐC: NĐ 30/2020 knows three levels.
    """
    return _mark(text, _URGENCY)


def _mark(text: str, family: _Family) -> str | None:
    # No letter bears eight marks; NFC takes quadratic time over a run of thousands.
    plain = unicodedata.normalize("NFC", re.sub("([\u0300-\u036f]{8})[\u0300-\u036f]+", r"\1", text)).strip()
    if not _HINT.search(plain):
        return None
    if "\n" not in plain and _EXTENSION.search(plain):
        return _highest(_in_name(plain, family))
    return _highest([mark for line in plain.splitlines() if _HINT.search(line) for mark in _in_line(line, family)])


def _highest(marks: list[str]) -> str | None:
    return max(marks, key=_LOWEST_FIRST.index, default=None)


def _in_line(line: str, family: _Family) -> list[str]:
    tight = " ".join(_WIDE.sub(" | ", line.strip()).split())
    parts = [tight, *_SET_OFF.split(tight), *(label[1].upper() for label in _LABEL.finditer(tight))]
    parts += [match["rest"] for pattern in (_STAMP, _BESIDE) if (match := pattern.match(tight))]
    if leading := _LEADING.match(tight):
        # "MẬT Báo cáo …": prose would go on in small letters, "MẬT KHẨU" and "MẬT NHÀ NƯỚC" in capitals.
        following = leading["next"]
        if leading["end"] or (following[0].isupper() and following[1:].islower()):
            parts.append(leading["mark"])
    return [mark for part in parts for mark in _alone(part, family)]


def _alone(part: str, family: _Family) -> list[str]:
    """Return the marks if `part` is nothing else, as stamped: in capitals, or accented with a capital to begin."""
    if len(part) > _LONGEST:
        return []
    bare = _FRAME.sub("", part)
    stamped = bare.isupper() or (bare[:1].isupper() and not bare.isascii())
    if not stamped or not _SEVERAL.fullmatch(bare.upper()):
        return []
    return [family.spellings[one] for one in _ONE.findall(bare.upper()) if one in family.spellings]


def _in_name(name: str, family: _Family) -> list[str]:
    stem = _EXTENSION.sub("", name.replace("\\", "/").rstrip("/").rpartition("/")[2]).lower()
    words = _WORD.findall(stem)
    found = [
        mark for inner in _BRACKETED.findall(stem) if (mark := family.spellings.get(_FRAME.sub("", inner).upper()))
    ]
    for index, word in enumerate(words):
        before, after = words[max(index - 2, 0) : index], words[index + 1 : index + 2]
        pair = family.spellings.get("".join([*before[-1:], word]).upper()) if before else None
        single = family.spellings.get(word.upper())
        if pair or (single and (single not in _SINGLE_WORDS or _stands_in_name(word, before, after, family))):
            found.append(pair or single or "")
    return found


def _stands_in_name(word: str, before: list[str], after: list[str], family: _Family) -> bool:
    """Tell a single-word mark in a file name from a part of another word."""
    if not word.isascii():
        return not (family.before.intersection(before[-1:]) or family.after.intersection(after))
    fits_before = not before or _is_code(before[-1]) or bool(_DOCUMENT_WORDS.fullmatch(" ".join(before)))
    return fits_before and (not after or _is_code(after[0]))


def _is_code(word: str) -> bool:
    return bool(_CODES.fullmatch(word)) or any(char.isdigit() for char in word)
