"""One day of a clerk, lived with the real commands: what `vanthu demo` shows."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from vanthu_cli.config.load import load
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import open_desk
from vanthu_cli.procedures.issue import issue
from vanthu_cli.procedures.plan import Request, plan_issue
from vanthu_cli.register import finding
from vanthu_cli.register.finding import Filter
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice, build, configure, furnish, serve

Vanthu = Callable[[list[str]], int]
Say = Callable[[str], None]


def live(folder: Path, *, now: datetime, language: str, vanthu: Vanthu, say: Say) -> PracticeOffice:
    """Build the practice office and live one day in it; `vanthu` runs a command line as the clerk would type it."""
    say(_("1. A practice office is built: certificates, seal, mailboxes, directory. Nothing in it is real."))
    office = build(folder, now)
    with serve(office) as servers:
        configure(office, servers, term_start=(today(now) - timedelta(days=400)))
        furnish(office, now=now - timedelta(days=1, minutes=5), language=language)
        _yesterday(office, now - timedelta(days=1), language)
        local = now.astimezone(VIETNAM)
        correspondents.arrivals(office, local, today(now))
        correspondents.answer(office, "BTCTU", local)
        _morning(office, language, vanthu, say)
        _outgoing(office, today(now), vanthu, say)
        correspondents.answer(office, "BTCTU", local)
        correspondents.answer(office, "SNV", local)
        say(_("6. In the afternoon two agencies acknowledge; one has not answered yet."))
        vanthu(["fetch"])
        say(_("7. Before going home: what is still on the desk?"))
        vanthu(["status"])
        vanthu(["register", "list"])
    return office


def _yesterday(office: PracticeOffice, now: datetime, language: str) -> None:
    """Issue a document the day before, so that today brings its receipt and its bounce."""
    draft = office.papers / "hom-qua.pdf"
    draft.write_bytes(make_pdf(correspondents.own_page(subject="Triệu tập hội nghị giao ban", year=today(now).year)))
    with open_desk(load(office.config), now=now, prompt=lambda _what: None, language=language) as desk:
        request = Request(file=draft, to=("BTCTU", "SXD"), person="leader")
        issue(desk, plan_issue(desk, request))


def _morning(office: PracticeOffice, language: str, vanthu: Vanthu, say: Say) -> None:
    say(
        _(
            "2. Morning. The clerk fetches what has arrived on both networks. Each message ends where a careful clerk would put it."
        )
    )
    vanthu(["fetch"])
    say(
        _(
            "3. What waits for a person, and why. The altered document goes back to its sender; the others can wait for their agencies."
        )
    )
    vanthu(["inbox", "list"])
    settings = load(office.config)
    with open_desk(settings, now=datetime.now(VIETNAM), prompt=lambda _what: None, language=language) as desk:
        bad = [
            each
            for each in finding.listing(desk.book, Filter(direction="in", states=["waiting"]))
            if each.verdict == "invalid"
        ]
        place = {each.id: desk.cabinet.path(each.sha256 or "") for each in bad}
    for each in bad:
        vanthu(["verify", str(place[each.id])])
        vanthu(["inbox", "refuse", str(each.id), "--reason", _("changed after it was signed")])


def _outgoing(office: PracticeOffice, day: date, vanthu: Vanthu, say: Say) -> None:
    say(
        _(
            "4. An outgoing document. prepare makes the copy that the leader signs; then one command numbers, seals, registers and sends it."
        )
    )
    draft = office.papers / "cong-van.pdf"
    subject = "Gửi, nhận văn bản trên mạng thông tin diện rộng của Đảng"
    draft.write_bytes(make_pdf(correspondents.own_page(subject=subject, year=day.year)))
    prepared, signed = office.papers / "cong-van.prepared.pdf", office.papers / "cong-van.signed.pdf"
    vanthu(["prepare", str(draft)])
    say(_("   The leader signs it, here with a key of the practice office; usually at the leader's own desk."))
    vanthu(["sign", str(prepared), "--as", "person", "--out", str(signed)])
    vanthu(["sign-send", str(signed), "--to", "BTCTU", "--to", "SNV", "--to", "TUCL", "--yes"])
    say(
        _(
            "5. A session paper: to the session address, and one paper original is owed. And a document with a secrecy mark: refused."
        )
    )
    session = office.papers / "ky-hop.pdf"
    session.write_bytes(make_pdf(correspondents.own_page(subject="Báo cáo phục vụ kỳ họp thứ năm", year=day.year)))
    vanthu(["sign-send", str(session), "--person", "leader", "--session", "Kỳ họp thứ năm", "--to", "TUCL", "--yes"])
    secret = office.papers / "toi-mat.pdf"
    secret.write_bytes(
        make_pdf(correspondents.own_page(subject="Nội dung thực hành", year=day.year, secrecy="TỐI MẬT"))
    )
    vanthu(["sign-send", str(secret), "--person", "leader", "--to", "SNV", "--yes"])
    secret.unlink()
    for name in ("thuc-hanh-1.pdf", "thuc-hanh-2.pdf"):
        (office.papers / name).write_bytes(
            make_pdf(
                correspondents.own_page(
                    subject=f"Văn bản để {name.removesuffix('.pdf').replace('-', ' ')}", year=day.year
                )
            )
        )
