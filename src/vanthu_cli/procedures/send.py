"""Sending what is issued: the letter to each agency, and sending on (or again) what has not reached everybody."""

import contextlib
import hashlib
import uuid
from collections.abc import Collection, Sequence
from datetime import date

from vanthu_cli.channels.edxml import document_xml
from vanthu_cli.channels.edxml_reading import read_package
from vanthu_cli.channels.letter import Attached, Letter, address, entity, new_message_id
from vanthu_cli.document.symbol import DocumentNumber
from vanthu_cli.errors import ForbiddenError, MisuseError, VanthuError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.packages import (
    answered_by,
    document_letters,
    header_of,
    own_party,
    party,
    purpose_of,
    status_letter,
)
from vanthu_cli.procedures.post import post, settle
from vanthu_cli.procedures.routes import Recipient, route
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM, today

_IN_BASE64 = 1.37
"""How much a file grows on the way: base64 in lines of 76 (RFC 2045 6.8)."""
AGAIN = frozenset({"unsure", "bounced", "refused"})
"""What is sent again only when a person has decided so."""
_MAY_HAVE_IT = frozenset({"handed-over", "delivered", "unsure", "bounced"})
_DECLINED = frozenset({"bounced", "refused"})
"""States of a notice of recall that only people settle among themselves."""
_BESIDE = 64 << 10
"""Bytes of a letter beside its files, at most: headers, text, header data."""


def send(desk: Desk, identity: int, *, again: bool) -> tuple[Document, list[VanthuError]]:
    """Send what of a document (or, for one that came, of the answers about it) is still queued, whenever it was to be tried.

    `again`: a person has decided to send again what is unsure, undeliverable or refused.
    """
    with desk.lock():
        document = documents.get(desk.book, identity)
        if document.direction == "out" and document.state not in {"queued", "sent", "recalled"}:
            raise ForbiddenError(
                "send.not_sealed",
                _("{name} cannot be sent: it is not sealed and addressed yet.").format(name=document.name),
                _("Run the same sign-send command again; it goes on where it stopped."),
            )
        failed = settle(desk)
        if again:
            _again(desk, document)
        every = deliveries.of_document(desk.book, identity, "document", "answer", "recall", "reminder")
        failed += post(desk, [each for each in every if each.state == "queued"])
        return documents.get(desk.book, identity), failed


def letters_of(desk: Desk, document: Document) -> list[Delivery]:
    """Return the letters that carry an outgoing document, or that answer about an incoming one."""
    return deliveries.of_document(desk.book, document.id, "document" if document.direction == "out" else "answer")


def note_received(desk: Desk, identity: int, agencies: Sequence[str]) -> None:
    """Note that agencies have a document because a person knows it: by telephone, by a letter that no program understands."""
    with desk.lock():
        letters = {
            each.agency: each
            for each in deliveries.of_document(desk.book, identity, "document", "recall")
            if each.state in (_MAY_HAVE_IT if each.purpose == "document" else _DECLINED)
        }
        strangers = [each for each in agencies if each not in letters]
        if strangers:
            raise MisuseError(
                "send.not_sent_to",
                _("No letter to {agency} waits for an answer.").format(agency=", ".join(strangers)),
                _("“vanthu register show {id}” lists the agencies and what is known of them.").format(id=identity),
            )
        with desk.book.step():
            for each in agencies:
                deliveries.record(desk.book, letters[each].id, "acknowledged", "told-by-person")


def _again(desk: Desk, document: Document) -> None:
    """Queue anew what a person has decided to send again.

    Unsure, in a mailbox: the same bytes under the same Message-ID, so that the receiver can drop a second copy. Undeliverable or
    refused, or unsure to whoever carries it: a new letter to the address that the directory gives today. Of a recalled document
    only notices of the recall: `ForbiddenError` "send.recalled" if none of them is unsure.
    """
    letters = letters_of(desk, document)
    if document.direction == "out" and document.state == "recalled":
        letters = [each for each in deliveries.of_document(desk.book, document.id, "recall") if each.state == "unsure"]
        if not letters:
            raise ForbiddenError(
                "send.recalled",
                _("{name} was recalled: it is sent to nobody any more.").format(name=document.name),
            )
    for letter in letters:
        channel = desk.config.channels.get(letter.channel)
        if letter.state == "unsure" and channel is not None and channel.kind != "folder":
            with desk.book.step():
                deliveries.record(desk.book, letter.id, "queued", "sent-again")
        elif letter.agency and letter.purpose == "document" and (letter.state in AGAIN or _of_another(desk, letter)):
            recipient = route(desk, [letter.agency], (), day=today(desk.now), session=False)[0]
            owed = {row["agency"] for row in deliveries.paper_owed(desk.book, document.id)}
            _instead(desk, letter, recipient.channel, compose_letters(desk, document, [recipient], owed)[0])
        elif letter.code and letter.purpose == "answer" and _of_another(desk, letter):
            words, answered = read_package(letter.head), answered_by(document)
            fresh = status_letter(
                desk,
                letter.channel,
                letter.address,
                code=letter.code,
                description=words.description if words else "",
                answered=answered,
            )
            _instead(desk, letter, letter.channel, fresh)


def _instead(desk: Desk, letter: Delivery, channel: str, fresh: Letter) -> None:
    """Queue a letter in the place of one that did not arrive, or cannot."""
    keep_bodies(desk, [fresh])
    with desk.book.step():
        deliveries.readdress(
            desk.book,
            letter.id,
            channel=channel,
            address=fresh.recipient,
            message_id=fresh.message_id,
            head=fresh.head,
            letter=body_name(fresh),
        )
        if documents.get(desk.book, letter.document).state == "sent":
            documents.advance(desk.book, letter.document, "queue", {"letters": 1})


def _of_another(desk: Desk, letter: Delivery) -> bool:
    """Tell whether a queued package names another sender than this office is on the axis by now: it would be refused for ever."""
    channel = desk.config.channels.get(letter.channel)
    if letter.state != "queued" or channel is None or channel.kind != "axis":
        return False
    package = read_package(letter.head)
    return package is not None and package.sender.identifier != channel.address


def check_size(desk: Desk, recipients: Sequence[Recipient], size: int) -> None:
    """`MisuseError` if a mail server on the way takes no letter with files of `size` bytes together (RFC 1870).

    A server that is not reached now says nothing: whether letters leave is another step's business.
    """
    needed = int(size * _IN_BASE64) + _BESIDE
    for name in dict.fromkeys(each.channel for each in recipients):
        limit = None
        with contextlib.suppress(VanthuError):
            limit = desk.channels[name].largest()
        if limit is not None and needed > limit:
            raise MisuseError(
                "send.too_large",
                _("The letter would have {size} MB; the mail server of “{channel}” takes at most {limit} MB.").format(
                    size=f"{needed / 1e6:.1f}", channel=name, limit=f"{limit / 1e6:.1f}"
                ),
                _("Make the attachments smaller, or send some of them with a document of their own."),
            )


def compose_letters(
    desk: Desk, document: Document, recipients: Sequence[Recipient], with_paper: Collection[str]
) -> list[Letter]:
    """Write the letter to each agency; all that get no paper, or all that do (`with_paper`: codes), get the very same body.

    Who is reached through the axis gets a package.
    """
    made = dict[tuple[bool, str], bytes]()
    letters = []
    axis = [each for each in recipients if desk.config.channels[each.channel].kind == "axis"]
    packages = iter(document_letters(desk, document, axis, with_paper))
    for each in recipients:
        if each in axis:
            letters.append(next(packages))
            continue
        channel, paper = desk.config.channels[each.channel], each.agency.code in with_paper
        kind = (paper, channel.smime)
        if kind not in made:
            made[kind] = _signed(desk, _content(desk, document, recipients, paper=paper), channel.smime)
        letters.append(
            address(
                made[kind],
                message_id=new_message_id(channel.address),
                sender=(desk.config.office.name, channel.address),
                recipient=(each.agency.name, each.address),
                subject=f"{document.name}: {document.subject or document.doc_type or ''}",
                date=desk.now.astimezone(VIETNAM),
            )
        )
    return letters


def queue_letters(
    desk: Desk,
    document: Document,
    purpose: deliveries.Purpose,
    letters: Sequence[tuple[str, str, Letter]],
    *,
    code: str | None = None,
) -> None:
    """Enter letters (agency, channel, letter) whose bodies `keep_bodies` has put into the cabinet, inside a step."""
    for agency, channel, letter in letters:
        deliveries.queue(
            desk.book,
            purpose,
            document.id,
            agency=agency,
            channel=channel,
            address=letter.recipient,
            message_id=letter.message_id,
            head=letter.head,
            letter=body_name(letter),
            code=code,
        )


def body_name(letter: Letter) -> str:
    """Return the SHA-256 (hex) under which a letter's body stands in the cabinet."""
    return letter.file.name if letter.file else hashlib.sha256(letter.body).hexdigest()


def keep_bodies(desk: Desk, letters: Sequence[Letter]) -> None:
    for body in dict.fromkeys(letter.body for letter in letters if letter.file is None):
        desk.cabinet.put(body)


def _content(desk: Desk, document: Document, recipients: Sequence[Recipient], *, paper: bool) -> bytes:
    name = document.name.replace("/", "-")
    files = [(f"{name}.pdf", desk.cabinet.get(document.sha256 or ""))]
    files += [(file, desk.cabinet.get(sha256)) for sha256, file in documents.attachments(desk.book, document.id)]
    attached = [Attached(file, data, str(uuid.uuid4())) for file, data in files]
    kind, about = purpose_of(desk, document, own_party(desk).identifier)
    package = document_xml(
        header_of(desk, document, [(each.content_id, each.name) for each in attached]),
        office=own_party(desk),
        to=[party(each) for each in recipients],
        moment=desk.now.astimezone(VIETNAM),
        paper=paper,
        kind=kind,
        about=about,
    )
    with speaking("vi"):
        body = _body(desk, document, files, paper=paper)
    return entity(body, [*attached, Attached(f"{name}.edxml", package)])


def _signed(desk: Desk, content: bytes, key_name: str) -> bytes:
    """Sign what the letter holds (S/MIME), where the channel's configuration names a key for that."""
    if not key_name:
        return content
    from vanthu_cli.procedures.keys import open_key
    from vanthu_cli.signing.smime import sign_letter

    return sign_letter(content, open_key(desk, key_name, desk.config.keys[key_name].role))


def _body(desk: Desk, document: Document, files: Sequence[tuple[str, bytes]], *, paper: bool) -> str:
    """Write what a person with any mail program reads."""
    listed = "\n".join(
        f"- {name} ({len(data)} byte)\n  SHA-256: {hashlib.sha256(data).hexdigest()}" for name, data in files
    )
    number = DocumentNumber(document.number or 0, document.symbol or "")
    return _(
        "{office} sends you document {number} of {day}: {subject}\n\n{files}\n\n"
        "The document is digitally signed and has legal value as it is. {paper}\n"
        "Please acknowledge receipt the same day (Decree 30/2020, Art. 21.2.c).\n"
        "The file .edxml is for document systems; nobody needs to open it.\n"
    ).format(
        office=desk.config.office.name,
        number=number,
        day=date.fromisoformat(document.day or "").strftime("%d/%m/%Y"),
        subject=document.subject or "",
        files=listed,
        paper=_("One paper original follows.") if paper else _("No paper copy follows."),
    )
