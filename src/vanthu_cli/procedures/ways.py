"""The office's ways in and out, each opened when it is first used in a run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vanthu_cli.config.secrets import secret
from vanthu_cli.config.settings import Channel as Settings
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import logins
from vanthu_cli.register.book import Book
from vanthu_cli.register.cabinet import write_if_other
from vanthu_cli.rules.deadlines import VIETNAM

if TYPE_CHECKING:
    from vanthu_cli.channels.channel import Channel


def account_of(name: str, settings: Settings) -> str | None:
    """Return the account under which a channel logs in, as refused passwords are remembered by it; None if it needs no login."""
    if settings.kind == "axis":
        return f"{name}:{settings.system}"
    return settings.imap.user if settings.imap is not None else None


class Ways(dict[str, "Channel"]):
    """The configured channels by name; the mail library (85 ms) is imported when one is used.

    Without a `book` (the machine that only carries) no refused password is remembered.
    """

    def __init__(self, config: Config, book: Book | None, prompt: Callable[[str], str | None]) -> None:
        super().__init__()
        self._config, self._book, self._prompt = config, book, prompt

    def __missing__(self, name: str) -> "Channel":
        settings = self._config.channels.get(name)
        if settings is None:
            raise MisuseError(
                "channel.unknown",
                _("There is no channel {name} in the configuration.").format(name=name),
                _("Known: {names}").format(names=", ".join(self._config.channels)),
            )
        kinds = {"folder": self._folder, "mail": self._mailbox, "axis": self._axis}
        self[name] = kinds[settings.kind](name, settings)
        return self[name]

    def _axis(self, name: str, settings: Settings) -> "Channel":
        from vanthu_cli.channels.axis import Adapter, AxisChannel

        ca = self._config.path(settings.ca) if settings.ca else None
        if ca is not None and not ca.is_file():
            raise MisuseError("axis.ca", _("The CA file {path} of the axis adapter cannot be read.").format(path=ca))
        key = _Key(
            lambda: secret(self._config, settings.secret, self._prompt), self._book, account_of(name, settings) or name
        )
        adapter = Adapter(settings.url, settings.system, key.password, key.told, ca)
        return AxisChannel(name, settings.address, adapter, self._config.data_dir / "intake")

    def _folder(self, name: str, settings: Settings) -> "Channel":
        from vanthu_cli.channels.folder import FolderChannel

        root = self._config.path(settings.path)
        return FolderChannel(name, settings.address, settings.network, root, write_if_other, settings.after != "leave")

    def _mailbox(self, name: str, settings: Settings) -> "Channel":
        from vanthu_cli.channels.mail import MailChannel, tls_context

        if settings.imap is None or settings.smtp is None:
            raise TypeError(f"channel {name} was read without servers")
        imap_tls, smtp_tls = (
            tls_context(server, self._config.path(server.ca) if server.ca else None)
            for server in (settings.imap, settings.smtp)
        )
        key = _Key(lambda: secret(self._config, settings.secret, self._prompt), self._book, settings.imap.user)
        return MailChannel(name, settings, settings.imap, settings.smtp, imap_tls, smtp_tls, key.password, key.told)

    def close(self) -> None:
        for channel in self.values():
            channel.close()


class _Key:
    """A mailbox's password: asked for once in a run, and not handed out while the account is to be left alone."""

    def __init__(self, ask: Callable[[], str], book: Book | None, account: str) -> None:
        self._ask, self._book, self._account = ask, book, account
        self._value: str | None = None

    def password(self) -> str:
        until = logins.paused_until(self._book, self._account) if self._book is not None else None
        if until is not None:
            raise MisuseError(
                "mail.paused",
                _("The password of {user} was refused; it is not tried again by itself before {time}.").format(
                    user=self._account, time=f"{until.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
                ),
                _("Accounts lock. Correct the password, then run “vanthu doctor”: it tries once."),
            )
        if self._value is None:
            self._value = self._ask()
        return self._value

    def told(self, good: bool) -> None:
        if self._book is None or (good and not logins.noted(self._book, self._account)):
            return
        with self._book.step():
            if good:
                logins.forget(self._book, self._account)
            else:
                logins.refused(self._book, self._account)
