"""The keys of `vanthu review`: one table for what is bound, what stands at the foot of the screen, and what help says."""

from dataclasses import dataclass

from vanthu_cli.locale import _


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them, `cap` as a clerk reads it; `does` is the action; `action`: needs a row that can be so treated.

    Without `keys`: Textual has bound it. Not `foot`: what the head of the screen says already, or everybody knows.
    """

    keys: str
    cap: str
    does: str
    label: str
    help: str
    action: str = ""
    foot: bool = True


def _letter(letter: str, action: str, label: str, said: str) -> Key:
    # Capitals too: a clerk who has pressed Caps Lock means the same.
    return Key(f"{letter},{letter.upper()}", letter, f"treat('{action}')", label, said, action)


def keys() -> list[Key]:
    """Return them in the order of the foot; a function, for the language is chosen by then."""
    return [
        _letter("a", "accept", _("Accept"), _("Register it: it gets its arrival number, the sender a receipt.")),
        _letter("c", "correct", _("Correct"), _("Correct number, date, agency or subject, and accept it so.")),
        _letter("r", "refuse", _("Return"), _("Return it to the sender, with the reason.")),
        _letter("q", "quarantine", _("Quarantine"), _("It turns out to be secret: out of register and cabinet.")),
        _letter("d", "settle", _("Dealt with"), _("The message in quarantine was dealt with: its file is destroyed.")),
        _letter("s", "send", _("Send again"), _("Send what is waiting, undeliverable, refused or unsure.")),
        _letter("m", "remind", _("Remind"), _("Remind who should have answered by now.")),
        _letter("p", "picture", _("Page picture"), _("Draw the pages with what was read marked on them.")),
        Key("f,F", "f", "fetch", _("Fetch"), _("Bring in what has arrived on all channels.")),
        Key("1", "1", "box('in')", _("Inbox"), _("What came and waits."), foot=False),
        Key("2", "2", "box('out')", _("Outbox"), _("What went out, or should, and is not settled."), foot=False),
        Key("slash", "/", "filter", _("Filter"), _("Show only rows with the words typed, without diacritics too.")),
        Key("question_mark,f1", "?", "help", _("Help"), _("This list. Enter: read; Tab: to the text and back.")),
        Key("escape", "Esc", "step_back", _("Back"), _("One step back; from the list: leave."), foot=False),
        Key("", "Ctrl+Q", "leave", _("Leave"), _("Leave; what is being done is done first.")),
    ]
