"""Documents that correct, replace or answer another one (NĐ 30/2020 Đ18.3: đính chính by công văn, thay thế by one of its kind)."""

from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import keeping
from vanthu_cli.register.documents import Document
from vanthu_cli.register.keeping import LinkKind


def link(desk: Desk, document: Document, other: Document, kind: LinkKind, *, dry_run: bool = False) -> None:
    """Link `document`, which corrects, replaces or answers, to `other` (Đ18.3: đính chính by công văn, thay thế by one of its kind)."""
    if document.id == other.id:
        raise MisuseError("link.itself", _("A document cannot be linked to itself."))
    if kind in {"corrects", "replaces"}:
        _check_ours(document, other)
        check_pair(kind, other, name=document.name, doc_type=document.doc_type)
    if not dry_run:
        with desk.lock(), desk.book.step():
            keeping.link(desk.book, document.id, kind, other.id)


def _check_ours(document: Document, other: Document) -> None:
    if document.direction != "out" or document.number is None:
        raise ForbiddenError("link.not_ours", _("{name} was not issued here.").format(name=document.name))
    if (document.day or "", document.id) < (other.day or "", other.id):
        raise ForbiddenError(
            "link.order",
            _("{name} is older than {other}: it can neither correct nor replace it.").format(
                name=document.name, other=other.name
            ),
        )


def check_pair(kind: LinkKind, other: Document, *, name: str, doc_type: str | None) -> None:
    """Refuse a correction that is no công văn, a replacement of another kind, and either of what was not issued here (Đ18.3)."""
    if other.direction != "out" or other.number is None or other.state not in {"sealed", "queued", "sent", "recalled"}:
        raise ForbiddenError("link.not_ours", _("{name} was not issued here.").format(name=other.name))
    if kind == "corrects" and doc_type not in {None, "Công văn"}:
        raise ForbiddenError(
            "correct.by_letter",
            _("A document is corrected by a công văn (Decree 30/2020, Art. 18.3); {name} is none, but: {kind}.").format(
                name=name, kind=doc_type
            ),
        )
    if kind == "replaces" and doc_type != other.doc_type:
        raise ForbiddenError(
            "replace.same_kind",
            _(
                "A document is replaced by one of the same kind (Decree 30/2020, Art. 18.3): {one} is not {other}."
            ).format(one=doc_type or "?", other=other.doc_type or "?"),
        )
