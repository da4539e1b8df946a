"""Which road leads to whom: the directory decides channel and address, WAN first (145-CV/TU points 1, 2, 4).

Nothing is ever relayed from one network to the other, and an unknown agency is refused with a hint, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from vanthu_cli.config.settings import Network
from vanthu_cli.document.text import fold
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.register import directory
from vanthu_cli.register.directory import Agency
from vanthu_cli.reports.words import day_shown

_NETWORKS: tuple[Network, ...] = ("wan", "internet")


@dataclass(frozen=True, slots=True)
class Recipient:
    """An agency, the channel of ours that reaches it, and its address there."""

    agency: Agency
    channel: str
    address: str


def route(
    desk: Desk, asked: Sequence[str], printed: Sequence[str], *, day: date, session: bool
) -> tuple[Recipient, ...]:
    """Return the recipients asked for (codes or addresses), else those printed that the directory knows by name.

    A session paper goes to the session address as well, on whichever network reaches it (145-CV/TU point 4).
    """
    found = [_asked(desk, each, day) for each in asked]
    if not asked:
        names = {fold(line.strip(" -,;.")) for line in printed}
        known = [each for each in directory.agencies(desk.book) if fold(each.name) in names]
        found = [_by_network(desk, each, day) for each in known if each.code != desk.config.office.code]
    if session:
        if not desk.config.paper.session_to:
            raise MisuseError(
                "route.no_session_address",
                _("The configuration names no agency for session papers."),
                _("Set session_to under [paper]."),
            )
        found.append(_asked(desk, desk.config.paper.session_to, day))
    unique = {each.address.lower(): each for each in found}
    if not unique:
        raise MisuseError(
            "route.nobody",
            _(
                "No recipient: none was named, and none of those printed under “Nơi nhận” is in the directory by that name."
            ),
            _("Name them, for example --to SNV --to vanthu@tuhaiduong. “vanthu directory list” shows the codes."),
        )
    return tuple(unique.values())


def _asked(desk: Desk, text: str, day: date) -> Recipient:
    if "@" not in text:
        agency = directory.agency(desk.book, text) or directory.agency(desk.book, text.upper())
        if agency is None and (agency := directory.by_address(desk.book, text)) is not None:
            channel = axis_channel(desk)
            if channel is None:
                raise ForbiddenError(
                    "route.no_channel",
                    _("{address} is an identifier on the national axis, and this office has no channel there.").format(
                        address=text
                    ),
                    _("Add a channel of the kind “axis” to the configuration, or name the agency by its code."),
                )
            return Recipient(_standing(agency, day), channel, agency.axis or text)
        if agency is None:
            raise ForbiddenError(
                "route.unknown_agency",
                _("The directory knows no agency {code}.").format(code=text),
                _("Look it up with “vanthu directory list”, or add it with “vanthu directory add”."),
            )
        return _by_network(desk, agency, day)
    agency = directory.by_address(desk.book, text)
    if agency is None:
        raise ForbiddenError(
            "route.unknown_address",
            _("No agency of the directory has the address {address}.").format(address=text),
            _("Documents go only to registered addresses: check it, then add it with “vanthu directory add”."),
        )
    network: Network = "wan" if (agency.wan or "").lower() == text.lower() else "internet"
    return _on(desk, _standing(agency, day), network, text)


def _by_network(desk: Desk, agency: Agency, day: date) -> Recipient:
    """Choose the road: between Party offices the WAN (point 1), to others the axis where it reaches both (point 3), else the Internet."""
    standing = _standing(agency, day)
    ours = {channel.network for channel in desk.config.channels.values() if channel.kind != "axis"}
    axis = axis_channel(desk)
    if standing.axis and axis and not (standing.wan and "wan" in ours):
        return Recipient(standing, axis, standing.axis)
    for network in _NETWORKS:
        address = standing.wan if network == "wan" else standing.internet
        if address and network in ours:
            return _on(desk, standing, network, address)
    raise ForbiddenError(
        "route.no_road",
        _("{name} has no address on a network that this office is on.").format(name=standing.name),
        _("Add its address: vanthu directory add {code} --wan …, --internet … or --axis …").format(code=standing.code),
    )


def _standing(agency: Agency, day: date) -> Agency:
    """Refuse an agency that is no more (or not yet), naming its successor (offices merge: Hải Dương, 1/7/2025)."""
    if not agency.in_force(day):
        raise ForbiddenError(
            "route.not_in_force",
            _("{name} is not in force on {day} (from {start} to {end}).").format(
                name=agency.name,
                day=f"{day:%d/%m/%Y}",
                start=day_shown(agency.valid_from) or "…",
                end=day_shown(agency.valid_to) or "…",
            ),
            _("Its successor is {code}.").format(code=agency.successor) if agency.successor else "",
        )
    return agency


def _on(desk: Desk, agency: Agency, network: Network, address: str) -> Recipient:
    return Recipient(agency, channel_on(desk, network, address), address)


def axis_channel(desk: Desk) -> str | None:
    """Return the name of our channel to the national axis, if there is one."""
    return next((name for name, channel in desk.config.channels.items() if channel.kind == "axis"), None)


def channel_on(desk: Desk, network: Network, address: str) -> str:
    """Return the name of our channel on a network, by which an address there is reached; `ForbiddenError` "route.no_channel"."""
    for name, channel in desk.config.channels.items():
        if channel.network == network and channel.kind != "axis":
            return name
    raise ForbiddenError(
        "route.no_channel",
        _("{address} is on the network “{network}”, and this office has no channel there.").format(
            address=address, network=network
        ),
        _("A letter never changes networks by itself. Add the channel to the configuration, or name another address."),
    )
