"""The words for what is read from a page: names of fields, notices."""

from collections.abc import Mapping

from vanthu_cli.locale import _


def field_words() -> Mapping[str, str]:
    """Return the fields of contract.md in the order of the page, named as NĐ 30/2020 Phụ lục I names them."""
    return {
        "secrecy": _("Secrecy"),
        "urgency": _("Urgency"),
        "parent_agency": _("Body above"),
        "agency": _("Agency"),
        "number": _("No."),
        "symbol": _("Symbol"),
        "number_text": _("As printed"),
        "place": _("Place"),
        "date": _("Date"),
        "doc_type": _("Type"),
        "subject": _("Subject"),
        "authority": _("Authority"),
        "signer_title": _("Office"),
        "signer_name": _("Signer"),
        "recipients": _("Recipients"),
    }


def notice_sentence(code: str) -> str:
    """Say what a notice of `Reading` means."""
    return {
        "tcvn3": _("The text stands in an old font (TCVN3, .Vn…): its letters were converted."),
        "vni": _("The text stands in an old font (VNI): its letters were converted."),
        "number-blank": _("The number is still blank: a draft."),
        "date-blank": _("The date is still blank: a draft."),
        "several-signers": _("Several signers: none is taken for the one."),
        "no-head": _("Page 1 has no head of an official document."),
        "ocr": _("A scan: its text was recognised (OCR), so it may hold misread letters."),
    }.get(code, code)
