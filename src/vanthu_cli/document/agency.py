"""Names of agencies compared as a clerk would: capitals, diacritics, spelling pairs (ủy/uỷ) and usual abbreviations don't count."""

import re

from vanthu_cli.document.text import fold

# NĐ 30/2020 Phụ lục III and the Party's own usage; only those that stand for one thing wherever they occur.
_ABBREVIATIONS = {
    "ubnd": "uy ban nhan dan",
    "hdnd": "hoi dong nhan dan",
    "ubkt": "uy ban kiem tra",
    "ubmttq": "uy ban mat tran to quoc",
    "ubmttqvn": "uy ban mat tran to quoc viet nam",
    "mttq": "mat tran to quoc",
    "mttqvn": "mat tran to quoc viet nam",
    "bch": "ban chap hanh",
    "btv": "ban thuong vu",
    "vp": "van phong",
    "vptu": "van phong tinh uy",
    "tp": "thanh pho",
    "tx": "thi xa",
    "tnhh": "trach nhiem huu han",
    "thpt": "trung hoc pho thong",
    "thcs": "trung hoc co so",
    "tncs": "thanh nien cong san",
    "hcm": "ho chi minh",
    "ldld": "lien doan lao dong",
    "lhpn": "lien hiep phu nu",
    "tw": "trung uong",
    "vn": "viet nam",
}


def name_key(name: str) -> str:
    """Return what two spellings of one agency's name have in common ("UBND tỉnh …", "ỦY BAN NHÂN DÂN TỈNH …")."""
    words = re.findall(r"[^\W_]+", fold(name))
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)
