"""Messages as files: a folder that somebody carries between two machines, a Maildir, or just some .eml files.

An exchange folder has three parts. `out/`: finished letters, each with its envelope beside it (JSON). `answers/`: what the
mail server said to each, written by the machine that carried it. `in/`: raw messages that were brought. Writing a letter
again is harmless, so it is written on each run until its answer is there; whether it was sent is the carrier's knowledge.
A message is identified by its bytes: a folder read twice, or copied, shows nothing new. Nothing is ever deleted.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from vanthu_cli.channels.channel import Answered, Known, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.packaged import is_package
from vanthu_cli.document.text import shown, wire_address
from vanthu_cli.errors import UnreachableError, os_words
from vanthu_cli.locale import _

_STAMP = "%Y%m%dT%H%M%SZ"
_NAMED = re.compile(r"\d{8}T\d{6}Z\.([0-9a-f]{16})\.eml")
_MAX_SIDE = 64 << 10
_MAX_WORDS = 500
Final = Literal["handed-over", "refused", "unsure"]
_FINAL = ("handed-over", "refused", "unsure")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What must be known of a letter beside its bytes; `sha256` is theirs."""

    message_id: str
    sender: str
    recipient: str
    network: str
    reports: bool
    copied: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter found in an exchange folder."""

    name: str
    envelope: Envelope
    letter: Letter


@dataclass(frozen=True, slots=True)
class FolderChannel:
    """A folder as a way in and out. `own`: it is ours to keep in order, so what was taken is moved to `in/taken`.

    `write` puts a file there durably, whole or not at all after a crash, unless it holds these very bytes already.
    """

    name: str
    address: str
    network: str
    root: Path
    write: Callable[[Path, bytes], None]
    own: bool = True

    def waiting(self, known: Known) -> Iterator[Waiting]:
        check_there(self.root)
        for received_at, file in sorted((_received(file), file) for file in message_files(self.root)):
            with _explaining(file):
                data = file.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            if f"f.{digest[:32]}" not in known:
                yield Waiting(f"f.{digest[:32]}", received_at, len(data), partial(_whole, file, data, digest))

    def acknowledge(self, identities: Sequence[str], broken: Collection[str] = ()) -> None:
        identities = [*identities, *broken]
        if not self.own or not identities:
            return
        ours = set(identities)
        for file in message_files(self.root):
            with _explaining(file):
                if f"f.{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}" in ours:
                    (self.root / "in" / "taken").mkdir(exist_ok=True)
                    file.replace(self.root / "in" / "taken" / file.name)

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        del about_to  # nothing is accepted here
        check_there(self.root)
        name = _name(letter.message_id)
        answered = answer_in(self.root, name)
        if answered is not None:
            return answered
        raw = letter.raw
        envelope = Envelope(
            letter.message_id,
            letter.sender,
            letter.recipient,
            self.network,
            letter.reports,
            letter.copied,
            hashlib.sha256(raw).hexdigest(),
        )
        for file, data in (  # the envelope first: a carrier looks for letters, and finds each with its envelope
            (self.root / "out" / f"{name}.json", json.dumps(asdict(envelope), ensure_ascii=False).encode()),
            (self.root / "out" / f"{name}.eml", raw),
        ):
            self.write(file, data)
        return Answered("carried", _("lies in {path}, waiting to be carried").format(path=self.root.name))

    def trace(self, message_id: str) -> bool | None:
        answered = answer_in(self.root, _name(message_id))
        return True if answered is not None and answered.state == "handed-over" else None

    def largest(self) -> int | None:
        return None

    def check(self) -> None:
        check_there(self.root)

    def close(self) -> None:
        """Nothing is open."""


def check_there(root: Path) -> None:
    """`UnreachableError` "folder.missing" when the drive is not plugged in."""
    if not root.exists():
        raise UnreachableError(
            "folder.missing",
            _("The folder {path} is not there.").format(path=root),
            _("Plug the drive in that carries mail between the two networks, then run the same command again."),
        )


def message_files(root: Path) -> list[Path]:
    """Return the messages in an exchange folder, a Maildir, or a folder of .eml files and .edxml packages; or that one file."""
    if root.is_file():
        return [root]
    maildir = (root / "cur").is_dir() and (root / "new").is_dir()
    inside = root / "in" if (root / "in").is_dir() else root
    with _explaining(root):
        found = [
            each for part in ((root / "new", root / "cur") if maildir else (inside,)) for each in sorted(part.iterdir())
        ]
        # A link would lead out of the folder, to whatever its maker likes.
        files = [each for each in found if each.is_file() and not each.is_symlink()]
    return files if maildir else [each for each in files if each.suffix.lower() in {".eml", ".edxml"}]


def _whole(file: Path, data: bytes, digest: str) -> bytes:
    """Return the message; `UnreachableError` "folder.damaged" if its name says that other bytes were saved under it.

    "folder.no_package" if its name says that it is a package, and it is no XML.
    """
    if file.suffix.lower() == ".edxml" and not is_package(file):
        raise UnreachableError(
            "folder.no_package",
            _("{path} is no edXML package, and was not taken in.").format(path=shown(file.name)),
            _("Ask the sender for it again, and take the file out of the folder."),
        )
    named = _NAMED.fullmatch(file.name)
    if named and not digest.startswith(named[1]):
        raise UnreachableError(
            "folder.damaged",
            _("{path} is not whole: it was cut off or changed after it was saved, and was not taken in.").format(
                path=file.name
            ),
            _("On the machine that carries: vanthu carry fetch --folder … --all saves it again."),
        )
    return data


def incoming_name(received_at: str, raw: bytes) -> str:
    """Name a message that is brought: when the server received it, and which it is."""
    moment = datetime.fromisoformat(received_at).astimezone(UTC)
    return f"{moment:{_STAMP}}.{hashlib.sha256(raw).hexdigest()[:16]}.eml"


def outgoing(root: Path) -> Iterator[Outgoing | Path]:
    """Yield the letters to be carried, oldest first; a file that is not what its envelope says as its path."""
    for file in sorted((root / "out").glob("*.eml"), key=lambda each: (each.stat().st_mtime, each.name)):
        envelope = _envelope(file.with_suffix(".json"))
        raw = file.read_bytes()
        head, blank, body = raw.partition(b"\r\n\r\n")
        if envelope is None or not _belongs(envelope, head, hashlib.sha256(raw).hexdigest()):
            yield file
            continue
        letter = Letter(
            envelope.message_id,
            envelope.sender,
            envelope.recipient,
            head + blank,
            body,
            reports=envelope.reports,
            copied=envelope.copied,
        )
        yield Outgoing(file.stem, envelope, letter)


def _belongs(envelope: Envelope, head: bytes, sha256: str) -> bool:
    """Tell whether an envelope is that of the letter: its bytes, its Message-ID, and to whom it is written."""
    about = (envelope.message_id, f"<{wire_address(envelope.recipient)}>")
    return envelope.sha256 == sha256 and all(each.encode() in head for each in about)


def answer_in(root: Path, name: str) -> Answered | None:
    """Return what was said to a letter, None while nothing final was."""
    said = _json(root / "answers" / f"{name}.json")
    if said.get("state") not in _FINAL or not isinstance(said.get("words"), str):
        return None
    state, words = cast("Final", said["state"]), shown(said["words"])[:_MAX_WORDS]
    try:
        at = datetime.fromisoformat(str(said.get("at"))).astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return Answered(state, words)
    return Answered(state, words, at)


def answer_file(root: Path, name: str) -> Path:
    return root / "answers" / f"{name}.json"


def answer_bytes(answered: Answered) -> bytes:
    return json.dumps(asdict(answered), ensure_ascii=False).encode()


def _name(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


def _envelope(file: Path) -> Envelope | None:
    said = _json(file)
    with suppress(TypeError):
        made = Envelope(**said)
        texts = (made.message_id, made.sender, made.recipient, made.network, made.sha256)
        return made if all(isinstance(each, str) for each in texts) else None
    return None


def _json(file: Path) -> dict[str, Any]:
    """Read a small JSON object; empty if it is none: a stick that was pulled out holds anything."""
    try:
        if file.stat().st_size > _MAX_SIDE:
            return {}
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _received(file: Path) -> str:
    with suppress(ValueError):
        return datetime.strptime(file.name.partition(".")[0], _STAMP).replace(tzinfo=UTC).isoformat(timespec="seconds")
    return datetime.fromtimestamp(int(file.stat().st_mtime), UTC).isoformat(timespec="seconds")


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Turn a drive that refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise UnreachableError(
            "folder.refused",
            _("{path} cannot be read or written: {why}").format(path=path, why=os_words(error)),
            _("Is the drive plugged in, writable and not full? Then run the same command again."),
        ) from error
