"""The head of page 1: title of State or Party, number line, date line, and what stands above and below the number.

NĐ 30/2020 Phụ lục I Mục IV (ô 1 to 4), the Party's guide alike: two columns, on the left agency and number, on the
right the title and the date. Everything is found by position relative to these, never by drawing order, so numbers
and dates of the body and of legal-basis lines ("Căn cứ …") cannot be taken for the document's own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, pairwise, takewhile

from vanthu_cli.reading.lines import Line
from vanthu_cli.reading.page import Page
from vanthu_cli.rules.secrecy import secret_mark, urgency_mark

_TITLE = re.compile(
    r"ĐẢNG CỘNG SẢN(?: VIỆT)?(?: NAM)?$|CỘNG H(?:ÒA|OÀ) XÃ HỘI CHỦ NGHĨA(?: VIỆT)?(?: NAM)?$|ĐOÀN TNCS HỒ CHÍ MINH$"
)
_MOTTO = re.compile(r"Độc lập\s*-\s*Tự do\s*-\s*Hạnh phúc$", re.IGNORECASE)
_NUMBER = re.compile(
    r"^(?:(?:Nghị quyết|Luật|Pháp lệnh|Lệnh) số\s*:|S[ốỐ]\s*:?)\s*(?:[\d\s.…_]*[a-zđ]?\s*[-/]\s*\S|\d{1,5}\s+[A-ZĐ][A-Za-zĐđ]{0,3}/[A-ZĐ])"
)
_DATE = re.compile(
    r"^(?:(?P<place>\S.{1,58}?)\s*,?\s+ngày|Ngày)\b(?P<day>.*?)\btháng\b(?P<month>.*?)\bnăm\b(?P<year>[\s\d.…_]*)$"
)
_IN_FIGURES = re.compile(
    r"^(?P<place>\S.{1,58}?)\s*,\s+(?:ngày\s+)?(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})$"
)
# A State number ends at its first blank; a Party number may have blanks round its hyphen: "Số 145 - CV/TU".
_NUMBER_AND_MORE = re.compile(r"^S[ốỐ]\s*:?\s*[\d\s.…_]*[-/]\s*[^\s,]+\s")
_DAY_OF = re.compile(r"\bngày\b.*\btháng\b")
_FOUR_DIGITS = re.compile(r"\d{4}")
_DIGIT_GROUPS = re.compile(r"\d{1,5}(?: \d{1,5})*")
_BLANK = re.compile(r"[\s.…_]+")
_SYMBOL_END = re.compile(r"[A-ZĐÀ-Ỹ][\w&.-]{0,30}")

_HEAD_LINES, _MOST_NAMES = 100, 12
"""A page may hold any number of lines; a head does not."""
_HEAD_HEIGHT = 150.0
"""Points below the title within which the number line stands: four lines of names and the rule."""
_DATE_REACH = 60.0
_LINE_STEP = 30.0
_RIGHT_HEIGHT = 75.0
_OVER_NUMBER = 65.0
"""Points between the number and the lowest name over it: a rule stands between, and lines may be spaced by one and a half."""
_SUBJECT_STEP = 1.9
_FIRST_STEP = 2.7
_ALIKE = 1.15
_SLACK = 4.0
_COLUMN_GAP = 1.0
_YEAR = "năm"
_YEAR_REACH = 3.0
_NEXT_LINE = 1.8
_UPPER_PART = 0.45
_LONGEST = 200
"""Characters of a line of the head at most; longer ones would also make the patterns slow."""


@dataclass(frozen=True, slots=True)
class Header:
    """The lines of the head. `above` are names of agencies, `below` the lines under the number, top down.

    `rivals` are number lines of which none is more likely the document's own than the others.
    """

    title: Line | None = None
    number: Line | None = None
    date: Line | None = None
    above: tuple[Line, ...] = ()
    below: tuple[Line, ...] = ()
    rivals: tuple[Line, ...] = ()

    @property
    def bottom(self) -> float | None:
        """Return the baseline of the lowest line of the head; None if there is no head."""
        lines = [line for line in (self.title, self.number, self.date, *self.below) if line]
        return min(line.baseline for line in lines) if lines else None


def find_header(page: Page) -> Header:
    """Find the head of page 1; every part that is not there, or there twice, is None."""
    lines = [part for line in page.lines if len(line.text) <= _LONGEST for part in _columns(line, page)]
    title = next(
        (
            line
            for line in lines
            if _TITLE.match(line.text)
            and line.centre > page.middle - _LINE_STEP
            and line.baseline > page.y1 - _UPPER_PART * (page.y1 - page.y0)
        ),
        None,
    )
    numbers = _numbers(lines, title, page)
    number = numbers[0] if len({line.text for line in numbers}) == 1 else None
    date = _date([*lines, *_wrapped_dates(lines)], title, number, page)
    date = _with_wrapped_year(date, lines) if date else None
    digits = _digits(page)
    number, date = (_filled(line, digits) if line else None for line in (number, date))
    number = _with_wrapped_symbol(number, lines) if number else None
    header = Header(title, number, date, rivals=() if number else tuple(numbers[:_MOST_NAMES]))
    if number is None:
        return header
    if title and (_is_central(title, page) or _is_under(number, title)):
        names = _names_apart(lines, number, title, page)
        over = number if _is_central(title, page) else (names or [number])[-1]
        return replace(header, above=tuple(names), below=_below(lines, over))
    column = [line for line in lines if _same_column(line, number, title, page)]
    header = replace(header, above=_above(lines, number, title, page), below=_below(column, number))
    # Without a title only an agency's name over the number tells a head from a body that happens to begin with "Số".
    return header if title or header.above else Header()


def _columns(line: Line, page: Page) -> list[Line]:
    """Cut a line of the head where its two columns came so close that they were read as one."""
    for pattern in (_TITLE, _MOTTO):
        found = pattern.search(line.text)
        if found and found.start() > 0 and line.edges[found.start()][0] > page.middle - 2 * _LINE_STEP:
            return [line.cut(0, found.start()), line.cut(found.start(), len(line.text))]
    dated = _DAY_OF.search(line.text)
    beyond = _NUMBER_AND_MORE.match(line.text)
    start = beyond.end() - 1 if beyond else 0
    blanks = [index for index, char in enumerate(line.text) if char == " " and dated and start <= index < dated.start()]
    if blanks:
        cut = max(blanks, key=lambda index: line.edges[index][1] - line.edges[index][0])
        if beyond or line.edges[cut][1] - line.edges[cut][0] > _COLUMN_GAP * line.size:
            return [line.cut(0, cut), line.cut(cut, len(line.text))]
    return [line]


def _numbers(lines: list[Line], title: Line | None, page: Page) -> list[Line]:
    """Return the number lines of the head; two different ones are none: guessing is worse."""
    found = [line for line in lines if _NUMBER.match(line.text)]
    if title:
        found = [line for line in found if 0 < title.baseline - line.baseline <= _HEAD_HEIGHT]
        left = [line for line in found if line.centre < title.centre - _LINE_STEP]
        right = [line for line in found if line.x0 > page.middle and title.baseline - line.baseline <= _RIGHT_HEIGHT]
        found = left or right
    else:
        top = page.y1 - _UPPER_PART * (page.y1 - page.y0)
        found = [line for line in found if line.baseline > top and line.centre < page.middle][:1]
    return found


def _is_central(title: Line, page: Page) -> bool:
    """Tell a head of one column: the title in the middle, the agency under it, number and date on one line below."""
    return abs(title.centre - page.middle) < _LINE_STEP


def _is_under(number: Line, title: Line) -> bool:
    """Tell a head whose number stands on the right, under the title, and not under the agency."""
    return number.centre >= title.centre - _LINE_STEP


def _names_apart(lines: list[Line], number: Line, title: Line, page: Page) -> list[Line]:
    """Return the names of agencies in a head where they do not stand over the number: under the title, or left of it."""
    if _is_central(title, page):
        near = [one for one in lines if number.baseline < one.baseline < title.baseline]
        near = [one for one in near if abs(one.centre - title.centre) < _SLACK and not _MOTTO.search(one.text)]
    else:
        near = [one for one in lines if one.x1 <= title.x0 and one.baseline > number.baseline - _LINE_STEP]
    worded = [one for one in near if any(map(str.isalpha, one.text))]
    names = list(takewhile(lambda one: one.text.isupper(), worded))
    names = [one for one in names[: _MOST_NAMES + 1] if not secret_mark(one.text) and not urgency_mark(one.text)]
    return names if len(names) <= _MOST_NAMES else []


def _date(lines: list[Line], title: Line | None, number: Line | None, page: Page) -> Line | None:
    """Return the date line: right of the number at about its height, or under the title."""
    central = title is not None and _is_central(title, page)
    under = title is not None and number is not None and _is_under(number, title)
    anchor = number or title
    if anchor is None:
        return None
    near = [
        line
        for line in lines
        if (_DATE.match(line.text) or _IN_FIGURES.match(line.text))
        and line.text[0].isupper()
        and abs(line.baseline - anchor.baseline) <= (_DATE_REACH if number else _HEAD_HEIGHT)
        and (number is None or under or line.x0 > number.centre)
        and (title is None or line.baseline < title.baseline)
        and (title is None or central or abs(line.centre - title.centre) < 3 * _LINE_STEP)
    ]
    return min(near, key=lambda line: abs(line.baseline - anchor.baseline), default=None)


def _with_wrapped_year(date: Line, lines: list[Line]) -> Line:
    """Return the date line with its year if that was wrapped to the next line ("… tháng … năm" / "2026")."""
    if not date.text.endswith(_YEAR):
        return date
    for line in lines:
        under = 0 < date.baseline - line.baseline < _NEXT_LINE * date.size and date.x0 < line.centre < date.x1
        if under and _FOUR_DIGITS.fullmatch(line.text):
            text, edges = f"{date.text} {line.text}", (*date.edges, (date.x1, date.x1), *line.edges)
            return replace(date, text=text, edges=edges)
    return date


def _wrapped_dates(lines: list[Line]) -> Iterator[Line]:
    """Yield date lines whose end was wrapped ("…, ngày 18 tháng 5" / "năm 2026")."""
    head = lines[:_HEAD_LINES]
    for line in head:
        if not _DAY_OF.search(line.text) or _YEAR in line.text.split():
            continue
        for under in head:
            below = 0 < line.baseline - under.baseline < _NEXT_LINE * line.size and line.x0 < under.centre < line.x1
            if below and under.text.startswith(f"{_YEAR} "):
                edges = (*line.edges, (line.x1, line.x1), *under.edges)
                yield replace(line, text=f"{line.text} {under.text}", edges=edges, y0=under.y0)


def _with_wrapped_symbol(number: Line, lines: list[Line]) -> Line:
    """Return the number line with the rest of its symbol if that was wrapped ("Số: 2086/KHLT-" / "SLĐTBXH-LĐLĐ")."""
    if number.text[-1] not in "-/":
        return number
    for line in lines:
        under = 0 < number.baseline - line.baseline < _NEXT_LINE * number.size
        if under and abs(line.centre - number.centre) < _LINE_STEP and _SYMBOL_END.fullmatch(line.text):
            edges = (*number.edges, *line.edges)
            return replace(number, text=number.text + line.text, edges=edges, y0=line.y0, baseline=line.baseline)
    return number


def _digits(page: Page) -> list[Line]:
    """Return the groups of digits that may fill blanks: from stamps that show nothing else, and from printed lines.

    A signature strip shows "145 28 4" and no word; an arrival mark ("ĐẾN", "Số: 310") shows words and fills nothing.
    """
    stamped = [stamp for stamp in page.stamps if all(_DIGIT_GROUPS.fullmatch(line.text) for line in stamp)]
    printed = [line for line in page.lines if _DIGIT_GROUPS.fullmatch(line.text)]
    return [
        line.cut(*group.span()) for line in [*printed, *chain(*stamped)] for group in re.finditer(r"\d+", line.text)
    ]


def _filled(line: Line, digits: list[Line]) -> Line:
    """Put into the blanks of a line the digits that a signature tool drew there, a little off the line or over dots.

    What was drawn twice over one blank differently is put in twice, and so is no number: which one counts is a guess.
    """
    level = [
        group
        for group in digits
        if line.baseline - line.size / 2 < (group.y0 + group.y1) / 2 < line.baseline + 1.1 * line.size
    ]
    for run in reversed([*_BLANK.finditer(line.text)]):
        x0, x1 = line.edges[run.start()][0], line.edges[run.end() - 1][1]
        line = _put(line, run.span(), [one for one in level if x0 - _SLACK <= one.x0 and one.x1 <= x1 + _SLACK])
    if line.text.endswith(_YEAR):
        end = len(line.text)
        line = _put(line, (end, end), [one for one in level if -_SLACK < one.x0 - line.x1 < _YEAR_REACH * line.size])
    return line


def _put(line: Line, span: tuple[int, int], groups: list[Line]) -> Line:
    """Return the line with the groups, different ones side by side, in the place of `text[start:end]`."""
    text, edges = "", [*line.edges[: span[0]]]
    for group in sorted({one.text: one for one in groups}.values(), key=lambda one: one.x0):
        text += f" {group.text}"
        edges += [(edges[-1][1], group.x0), *group.edges]
    if not text or not edges:
        return line
    after = line.text[span[1] :]
    if after:
        text += " "
        edges.append((edges[-1][1], line.edges[span[1]][0]))
    return replace(line, text=line.text[: span[0]] + text + after, edges=(*edges, *line.edges[span[1] :]))


def date_parts(line: Line) -> re.Match[str] | None:
    """Match a date line: groups place (None: not printed), day, month, year as printed, blanks included."""
    return _DATE.match(line.text) or _IN_FIGURES.match(line.text)


def _same_column(line: Line, number: Line, title: Line | None, page: Page) -> bool:
    if title:
        return abs(line.centre - number.centre) < abs(line.centre - title.centre) and line.x0 < title.x0
    return line.centre < page.middle


def _above(lines: list[Line], number: Line, title: Line | None, page: Page) -> tuple[Line, ...]:
    """Return the names over the number, without "*", rules and marks; nothing over the title's line but one step.

    None at all if something else stands between them: a name may be part of it.
    """
    stack: list[Line] = []
    lowest, strange = number, False
    for line in sorted(lines, key=lambda one: one.baseline):
        if line.baseline <= number.baseline or not (
            _same_column(line, number, title, page) or line.x0 < number.centre < line.x1
        ):
            continue
        if line.baseline - lowest.baseline > (_OVER_NUMBER if lowest is number else _LINE_STEP + number.size):
            break
        if title and line.baseline > title.baseline + _LINE_STEP:
            break
        lowest = line
        if not any(char.isalpha() for char in line.text) or secret_mark(line.text) or urgency_mark(line.text):
            continue
        if line.text.upper() != line.text:
            strange = True
        elif strange:
            return ()
        else:
            stack.insert(0, line)
    return tuple(stack) if len(stack) <= _MOST_NAMES else ()


def _below(column: list[Line], number: Line) -> tuple[Line, ...]:
    """Return the lines under the number while they follow each other closely and stay centred under it."""
    under = [
        line
        for line in column
        if line.baseline < number.baseline - 1 and abs(line.centre - number.centre) < 2 * _LINE_STEP
    ]
    taken: list[Line] = []
    reach = _FIRST_STEP
    for before, line in pairwise([number, *under]):
        step = (before.baseline - line.baseline) / max(before.size, line.size)
        if step > reach:
            break
        # Lines follow each other as closely as the first did, whatever the page's spacing.
        reach = max(_SUBJECT_STEP, min(reach, _ALIKE * step))
        taken.append(line)
    return tuple(taken)
