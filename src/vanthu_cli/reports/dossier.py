"""A dossier as values: the lines of its index (NĐ 30/2020 Phụ lục V form IV), also as an Excel file, and its deadlines.

The index is a form of law: its words are Vietnamese, whatever the program speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from sqlite3 import Row
from typing import BinaryIO, Literal

from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.words import day_shown

HEADINGS = (
    "STT", "Số, ký hiệu văn bản", "Ngày tháng năm văn bản", "Tên loại và trích yếu nội dung văn bản", "Tác giả văn bản",
    "Tờ số/ Trang số", "Ghi chú",
)  # fmt: skip
WIDTHS = (6, 14, 12, 32, 15, 9, 12)
"""Of the columns, in hundredths of the table."""
_ALERT = timedelta(days=30)
_LINKS = {
    "answers": ("Trả lời {}", "Được trả lời bằng {}"),
    "corrects": ("Đính chính {}", "Được đính chính bằng {}"),
    "replaces": ("Thay thế {}", "Được thay thế bằng {}"),
    "annex-of": ("Phụ lục của {}", "Có phụ lục {}"),
}
_STATES = {"recalled": "Đã thu hồi", "voided": "Đã hủy"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the index. `first`: the page of the dossier on which the document begins; None where its pages are not known."""

    ordinal: int
    document: Document
    pages: int | None
    first: int | None
    remarks: tuple[str, ...]

    @property
    def note(self) -> str:
        own = [_STATES.get(self.document.state, ""), "Văn bản giấy" if self.document.medium == "paper" else ""]
        return "; ".join(filter(None, [*own, *self.remarks, self.document.note or ""]))

    @property
    def where(self) -> str:
        if self.first is None or not self.pages:
            return ""
        return str(self.first) if self.pages == 1 else f"{self.first}–{self.first + self.pages - 1}"

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of the seven columns, one line each, as every form can carry them."""
        each = self.document
        texts = (
            str(self.ordinal), _number(each), day_shown(each.day), title(each), each.agency or "", self.where, self.note
        )  # fmt: skip
        return tuple(map(plain, texts))


def _number(document: Document) -> str:
    return document.name if document.number is not None and document.symbol else ""


def title(document: Document) -> str:
    """Return type and subject as one phrase: "Công văn về việc gửi, nhận văn bản"."""
    kind, subject = document.doc_type or "", document.subject or ""
    for beginning in ("Về việc", "V/v"):
        if kind and subject.startswith(beginning):
            subject = subject[0].lower() + subject[1:]
    return " ".join(filter(None, [kind, subject])) or document.file or ""


def index(
    contents: Sequence[Document],
    *,
    counted: Mapping[int, int | None] | None = None,
    links: Sequence[Row] = (),
    names: Mapping[int, str] | None = None,
) -> tuple[Line, ...]:
    """Return the index of documents that stand in order. `counted`: their pages, where not those of the register count.

    A document that was found secret is not listed. `names`: what documents are called to which `links` lead.
    """
    lines, page = list[Line](), 1
    for document in contents:
        if document.state == "quarantined":
            continue
        pages = document.pages if counted is None else counted.get(document.id)
        remarks = tuple(_remarks(document.id, links, names or {}))
        lines.append(Line(len(lines) + 1, document, pages, page if pages else None, remarks))
        page += pages or 0
    return tuple(lines)


def _remarks(document: int, links: Sequence[Row], names: Mapping[int, str]) -> list[str]:
    forth, back = 0, 1
    return [
        _LINKS[row["kind"]][way].format(names.get(other, f"#{other}"))
        for row in links
        for way, this, other in ((forth, row["document"], row["other"]), (back, row["other"], row["document"]))
        if this == document
    ]


def headline(dossier: Dossier) -> tuple[str, str, str]:
    """Return the head of the form, line by line."""
    return "MỤC LỤC VĂN BẢN, TÀI LIỆU", f"Số, ký hiệu hồ sơ: {dossier.code}", f"Năm {dossier.year}"


def deadline(dossier: Dossier) -> date | None:
    """Return until when a closed dossier goes to the archive: one year after the work ended (Đ30.2.b)."""
    if dossier.state != "closed" or dossier.ended is None:
        return None
    ended = date.fromisoformat(dossier.ended)
    try:
        return ended.replace(year=ended.year + 1)
    except ValueError:  # the 29th of February
        return date(ended.year + 1, 2, 28)


def alert(dossier: Dossier, day: date) -> Literal["soon", "overdue"] | None:
    """Tell whether the archive's deadline is near, 30 days before it (Phụ lục VI III.5.b), or past."""
    until = deadline(dossier)
    if until is None or day < until - _ALERT:
        return None
    return "overdue" if day > until else "soon"


def period(dossier: Dossier, contents: Sequence[Document]) -> tuple[str, str | None]:
    """Return the first day of a dossier, which is not later than its first document, and its last; ISO."""
    days = [each.day for each in contents if each.day]
    return min([dossier.started, *days, *filter(None, [dossier.ended])]), dossier.ended


def index_xlsx(dossier: Dossier, lines: Sequence[Line], out: BinaryIO) -> None:
    """Write the index as an Excel file, ready to print. Strings stay strings: nothing that came by mail becomes a formula."""
    from vanthu_cli.reports.workbook import workbook  # heavy, and a dossier is mostly only listed

    with workbook(out, by_rows=True) as book:
        sheet = book.add_worksheet("Mục lục")
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(4, 5)
        head = book.add_format({"bold": True, "align": "center", "text_wrap": True, "font_size": 13})
        grid = {"border": 1, "text_wrap": True, "valign": "top"}
        box, bold = book.add_format(grid), book.add_format(grid | {"bold": True, "align": "center"})
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        for row, text in enumerate(headline(dossier)):
            sheet.merge_range(row, 0, row, len(HEADINGS) - 1, plain(text), head)
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(4, column, heading, bold)
        for column in range(len(HEADINGS)):
            sheet.write_string(5, column, f"({column + 1})", bold)
        for row, line in enumerate(lines, 6):
            for column, text in enumerate(line.cells):
                sheet.write_string(row, column, text[:32_000], box)
