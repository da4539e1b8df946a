"""The agencies around the practice office: what they write, sign, send, and how they answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from vanthu_cli.channels.edxml import Header, Party, document_xml, status_xml
from vanthu_cli.channels.letter import compose, new_message_id
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.reading.places import find_places
from vanthu_cli.sandbox.documents import Page, make_docx, make_pdf
from vanthu_cli.sandbox.images import seal_png, signature_png
from vanthu_cli.sandbox.mailboxes import deliver, mailbox
from vanthu_cli.sandbox.office import INTERNET, LEADER, OWN, PASSWORD, WAN, PracticeOffice, agency_of
from vanthu_cli.sandbox.smime import sign_letter
from vanthu_cli.signing.keys import open_pkcs12
from vanthu_cli.signing.marks import seal_size
from vanthu_cli.signing.pades import seal, sign_person
from vanthu_cli.signing.xades import sign_xml

SECRET_WORDS = "Kế hoạch diễn tập Sao Mai 71"
"""Stands in the practice secret and must be found nowhere outside quarantine (a test looks)."""


def state_page(code: str, signer: str, *, number: int, symbol: str, day: date, subject: str) -> Page:
    agency = agency_of(code)
    return Page(
        kind="state",
        agency=agency.name.upper(),
        parent=(agency.parent or "").upper(),
        symbol=symbol,
        place="Hải Dương",
        number=number,
        day=day,
        subject=subject,
        doc_type="Công văn",
        body=("Thực hiện chương trình công tác năm, cơ quan trân trọng gửi nội dung nêu trên.", "Trân trọng./."),
        title="GIÁM ĐỐC",
        signer=signer,
        addressees=("Văn phòng Tỉnh ủy",),
        recipients=("Như trên", "Lưu: VT"),
    )


def party_page(code: str, signer: str, *, number: int | None, symbol: str, day: date | None, subject: str) -> Page:
    agency = agency_of(code)
    return Page(
        kind="party",
        agency=agency.name.upper(),
        symbol=symbol,
        place="Hải Dương",
        number=number,
        day=day,
        subject=subject,
        body=("Thực hiện chương trình công tác năm, cơ quan trân trọng gửi nội dung nêu trên.", "Trân trọng."),
        authority="T/M BAN THƯỜNG VỤ",
        title="PHÓ BÍ THƯ",
        signer=signer,
        addressees=("Văn phòng Tỉnh ủy",),
        recipients=("Như trên", "Lưu Văn phòng"),
    )


def own_page(*, subject: str, year: int, secrecy: str | None = None) -> Page:
    """Lay out a công văn of the practice office, number and date blank."""
    page = party_page(OWN, LEADER, number=None, symbol="CV/TU", day=None, subject=subject)
    return replace(
        page,
        agency="TỈNH ỦY HẢI DƯƠNG",
        title="PHÓ BÍ THƯ THƯỜNG TRỰC",
        addressees=("Các cơ quan, đơn vị",),
        year=year,
        secrecy=secrecy,
    )


def signed(office: PracticeOffice, page: Page, code: str, *, organisation: str | None = "") -> bytes:
    """Return the page signed by the agency's person and sealed: by itself, by `organisation`, or not at all (None)."""
    pdf = make_pdf(page)
    places = find_places(pdf, page.signer)
    person = open_pkcs12(office.key(code, "person"), PASSWORD)
    paper = BytesIO(pdf)
    sign_person(paper, person, image=signature_png(page.signer), box=places.signers[0].box)
    if organisation is None:
        return paper.getvalue()
    key = open_pkcs12(office.key(organisation or code, "organisation"), PASSWORD)
    image = seal_png(agency_of(organisation or code).name)
    seal(paper, key, image=image, size=seal_size(image, 0), box=places.signers[0].seal)
    return paper.getvalue()


def altered(pdf: bytes) -> bytes:
    """Return a signed document with a sentence written over its first page afterwards, as a forger with a PDF editor would."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    content = generic.StreamObject(
        stream_data=b"q 1 1 1 rg 80 380 440 40 re f 0 g BT /F1 14 Tf 90 395 Td (500.000.000) Tj ET Q"
    )
    page = writer.root["/Pages"]["/Kids"][0]
    contents = page.raw_get("/Contents")
    page["/Contents"] = generic.ArrayObject(
        [*(contents if isinstance(contents, generic.ArrayObject) else [contents]), writer.add_object(content)]
    )
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def send(
    office: PracticeOffice,
    code: str,
    subject: str,
    files: Sequence[tuple[str, bytes]],
    now: datetime,
    *,
    network: str = "",
    smime: bool = False,
) -> None:
    """Drop a letter of an agency into our mailbox, as its mail server would."""
    agency = agency_of(code)
    over_wan = network == "wan" or (not network and bool(agency.wan))
    address, ours = (agency.wan, WAN) if over_wan else (agency.internet, INTERNET)
    letter = compose(
        message_id=new_message_id(address or ""),
        sender=(agency.name, address or ""),
        recipient=("Văn phòng Tỉnh ủy", ours),
        subject=subject,
        body=f"{agency.name} gửi: {subject}\n",
        date=now,
        files=files,
    )
    raw = sign_letter(letter.raw, office.key(code, "organisation"), PASSWORD) if smime else letter.raw
    deliver(office.folder, ours, raw)


def arrivals(office: PracticeOffice, now: datetime, day: date) -> None:
    """Put the morning's mail into the office's two mailboxes: everything a careful clerk must tell apart."""
    report = state_page(
        "SNV", "Lê Thị Mẫu", number=15, symbol="SNV-VP", day=day, subject="Báo cáo công tác cải cách hành chính"
    )
    send(
        office,
        "SNV",
        "Báo cáo cải cách hành chính",
        [("15-SNV-VP.pdf", signed(office, report, "SNV"))],
        now,
        smime=True,
    )

    plan = party_page(
        "TUCL", "Phạm Văn Mẫu", number=28, symbol="CV/TUCL", day=day, subject="Đăng ký lịch làm việc với Ban Thường vụ"
    )
    both = signed(office, plan, "TUCL")
    send(office, "TUCL", "Đăng ký lịch làm việc", [("28-CV-TUCL.pdf", both)], now, network="wan")
    send(office, "TUCL", "Đăng ký lịch làm việc", [("28-CV-TUCL.pdf", both)], now, network="internet")

    person_only = replace(plan, number=29, subject="Cử đại biểu dự hội nghị")
    send(
        office, "TUCL", "Cử đại biểu", [("29-CV-TUCL.pdf", signed(office, person_only, "TUCL", organisation=None))], now
    )

    unsigned = party_page(
        "BTGTU", "Vũ Văn Mẫu", number=7, symbol="CV/BTGTU", day=day, subject="Tuyên truyền ngày lễ lớn"
    )
    send(office, "BTGTU", "Tuyên truyền", [("07-CV-BTGTU.pdf", make_pdf(unsigned))], now)

    budget = state_page("STC", "Hoàng Văn Mẫu", number=88, symbol="STC-NS", day=day, subject="Phân bổ dự toán bổ sung")
    send(office, "STC", "Phân bổ dự toán", [("88-STC-NS.pdf", altered(signed(office, budget, "STC")))], now)

    foreign = party_page("BTCTU", "Trần Thị Mẫu", number=41, symbol="CV/BTCTU", day=day, subject="Rà soát hồ sơ")
    send(
        office,
        "BTCTU",
        "Rà soát hồ sơ",
        [("41-CV-BTCTU.pdf", signed(office, foreign, "BTCTU", organisation="TUCL"))],
        now,
    )

    secret = replace(unsigned, number=3, secrecy="MẬT", subject=SECRET_WORDS)
    send(office, "BNCTU", "Gửi văn bản", [("van-ban.pdf", make_pdf(secret))], now)

    send(office, "UBKTTU", "Góp ý dự thảo", [("gop-y.docx", make_docx("GÓP Ý DỰ THẢO\nNội dung góp ý."))], now)
    send(office, "MTTQ", "Xin hỏi lịch họp", [], now)


def answer(office: PracticeOffice, code: str, now: datetime, *, status: str = "03") -> None:
    """Let an agency acknowledge the newest letter in its mailbox with an edXML status."""
    agency = agency_of(code)
    address = agency.wan or agency.internet or ""
    letters = [read_mail(raw) for raw in mailbox(office.folder, address)]
    mail = letters[-1]
    header = next((each.header for each in mail.packages), None)
    answered = header or Header(*mail.subject.partition(":")[0].partition("-")[::2])
    name = f"{answered.number}-{answered.symbol}"
    package = status_xml(
        code=status,
        description="Đã tiếp nhận",
        answered=answered,
        office=Party(agency.identifier or agency.code, agency.name),
        asked_by=OWN,
        moment=now,
    )
    letter = compose(
        message_id=new_message_id(address),
        sender=(agency.name, address),
        recipient=("Văn phòng Tỉnh ủy", mail.sender),
        subject=f"Đã tiếp nhận {name}",
        body=f"{agency.name} đã tiếp nhận văn bản {name}.\n",
        date=now,
        files=[("status.edxml", package)],
        answers=mail.message_id,
        automatic=True,
    )
    deliver(office.folder, mail.sender, letter.raw)


def recall(
    office: PracticeOffice, code: str, header: Header, reason: str, now: datetime, *, signer: str | None = ""
) -> None:
    """Let an agency ask a document back; the notice is signed by itself, by `signer`, or not at all (None)."""
    agency = agency_of(code)
    own = Party(agency.identifier or code, agency.name)
    notice = document_xml(
        header, office=own, to=[Party(OWN, "Văn phòng Tỉnh ủy")], moment=now, kind="recall", reason=reason
    )
    if signer is not None:
        notice = sign_xml(notice, open_pkcs12(office.key(signer or code, "organisation"), PASSWORD))
    send(office, code, f"Thu hồi: {header.number}/{header.symbol}", [("thu-hoi.edxml", notice)], now)
