"""How `vanthu review` looks: the style sheet, and rows, text and keys as they are drawn. Nothing strangers wrote is a mark-up."""

from collections.abc import Sequence

from rich.text import Text

from vanthu_cli.cli.review_keys import Key
from vanthu_cli.cli.review_listed import Row
from vanthu_cli.cli.review_shown import Part, plain, plain_page
from vanthu_cli.reports.tables import width

CSS = """
#head, #foot { height: auto; background: $panel; padding: 0 1; }
#said { height: auto; max-height: 10; padding: 0 1; border-top: solid $primary; display: none; overflow-y: auto; }
#words { display: none; }
#list { height: 1fr; border: none; padding: 0; scrollbar-size-vertical: 1; }
#list > .option-list--option { padding: 0 1; }
#list > .option-list--option-highlighted { text-style: bold reverse; }
#page { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
#page:focus { background-tint: $foreground 5%; }
.-wide #desk { layout: horizontal; }
.-wide #list { width: 42%; height: 100%; }
.-wide #page { width: 1fr; height: 100%; border-left: solid $primary; }
.-narrow #list { height: 2fr; text-wrap: nowrap; text-overflow: ellipsis; }
.-narrow #page { height: 3fr; border-top: solid $primary; }
.-narrow .reading #list { display: none; }
ModalScreen { align: center middle; }
.dialog { width: 90%; max-width: 90; height: auto; max-height: 95%; border: round $primary; padding: 0 1; background: $surface; }
.title { text-style: bold; margin-bottom: 1; }
.lines { height: auto; max-height: 12; }
.field, .buttons { height: auto; margin-top: 1; }
.field { margin-top: 0; }
.label { width: 20; }
.field Input { width: 1fr; }
.field Input:focus, .dialog > Input { background: $boost; }
.legend { width: 1fr; margin-left: 2; color: $text-muted; }
Button { margin-right: 2; }
Button:focus { text-style: bold reverse; }
"""


def option_text(row: Row, *, wide: bool) -> str:
    head = " · ".join(filter(None, (f"{row.mark} {row.name}", row.whom)))
    about = row.about or row.said[0]
    return f"{plain(head)}\n  {plain(about)}" if wide else plain(f"{head} · {about}")


def foot_text(there: Sequence[Key], room: int) -> Text:
    """Lay the keys out in as few lines as they need; a key and its word stay together."""
    text, used = Text(), 0
    for key in there:
        cap, label = f" {key.cap} ", f" {key.label}  "
        if used and used + width(cap + label.rstrip()) > room:
            text.append("\n")
            used = 0
        text.append(cap, "reverse").append(label)
        used += width(cap + label)
    return text


def page_text(parts: Sequence[Part]) -> Text:
    """Lay the parts out; headings are bold, and nothing that strangers wrote is a mark-up."""
    text = Text()
    for part in parts:
        if part.title:
            text.append(f"\n{plain(part.title)}\n", "bold")
        for line in part.lines:
            text.append(f"{plain_page(line)}\n")
    return text
