"""The practice office on the simulated axis, with or without its mailboxes, and correspondents who come there by themselves."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from tests import offices

from vanthu_cli.register import directory
from vanthu_cli.sandbox.axis import Axis, Member, serve_axis
from vanthu_cli.sandbox.axis_offices import Peer, peer
from vanthu_cli.sandbox.office import PracticeOffice, agency_of

IDS = {"VPTU": "H23.01", "SNV": "H23.20", "STC": "H23.21", "TUCL": "H23.31"}


def members() -> dict[str, Member]:
    return {identifier: Member(identifier, f"HT.{code}", f"bi-mat-{code}") for code, identifier in IDS.items()}


def join(office: PracticeOffice) -> None:
    """Note in the office's directory who is reached on the axis, and under which identifier."""
    with offices.desk_of(office) as desk, desk.book.step():
        for code, identifier in IDS.items():
            known = directory.agency(desk.book, code) or agency_of(code)
            directory.put(desk.book, replace(known, identifier=identifier, axis=identifier))


@contextmanager
def on_axis(office: PracticeOffice, *, mail: bool = False) -> Iterator[Axis]:
    """Serve the simulator, and have the office go there; `mail`: beside its mailboxes, which somebody else serves."""
    secret = office.folder / "secrets" / "axis"
    secret.write_text("bi-mat-VPTU\n", "utf-8")
    secret.chmod(0o600)
    with serve_axis(office.folder / "axis", members()) as axis:
        text = re.sub(r"(?ms)^\[channels\.axis\]\n.*?(?=^\[|\Z)", "", office.config.read_text("utf-8"))
        if not mail:
            text = re.sub(r"(?ms)^\[(?:channels\.\w+|tsa)\]\n.*?(?=^\[|\Z)", "", text)
        text += (
            f'\n[channels.axis]\nkind = "axis"\nnetwork = "internet"\naddress = "H23.01"\nurl = "{axis.url}"\n'
            'system = "HT.VPTU"\nsecret = "file:secrets/axis"\n'
        )
        office.config.write_text(text, "utf-8")
        yield axis


def peer_of(office: PracticeOffice, code: str, axis: Axis) -> Peer:
    """Return a correspondent of the practice office who comes to the axis."""
    agency = replace(agency_of(code), axis=IDS[code])
    return peer(
        agency, office.key(code, "organisation"), axis.url, office.folder / f"peer-{code}", members()[IDS[code]]
    )


OFFICE = replace(agency_of("VPTU"), axis=IDS["VPTU"])
"""The practice office as its correspondents know it."""

Members = Mapping[str, Member]
