"""Mailboxes whose password was refused: they are left alone for a while, because accounts lock (mail.md F18)."""

from datetime import datetime, timedelta

from vanthu_cli.register.book import Book, stored

_FIRST = timedelta(minutes=15)
_LONGEST = timedelta(hours=24)
_GROWTH = 4


def paused_until(book: Book, account: str) -> datetime | None:
    """Return until when an account is not to be tried by itself; None if it may be now."""
    row = book.connection.execute("SELECT until FROM pause WHERE account = ?", (account,)).fetchone()
    until = datetime.fromisoformat(row[0]) if row else None
    return until if until is not None and until > book.now else None


def noted(book: Book, account: str) -> bool:
    return book.connection.execute("SELECT 1 FROM pause WHERE account = ?", (account,)).fetchone() is not None


def refused(book: Book, account: str) -> None:
    """Note that a password was refused: 15 minutes, then four times as long each time, a day at most."""
    row = book.connection.execute("SELECT failures FROM pause WHERE account = ?", (account,)).fetchone()
    failures = (row[0] if row else 0) + 1
    until = stored(book.now + min(_LONGEST, _FIRST * _GROWTH ** min(failures - 1, 10)))
    book.connection.execute(
        "INSERT INTO pause (account, failures, until) VALUES (:account, :failures, :until)"
        " ON CONFLICT (account) DO UPDATE SET failures = excluded.failures, until = excluded.until",
        {"account": account, "failures": failures, "until": until},
    )


def forget(book: Book, account: str | None = None) -> None:
    """Let an account, or all of them, be tried again: it was let in, or a person looks."""
    book.connection.execute("DELETE FROM pause WHERE :account IS NULL OR account = :account", {"account": account})
