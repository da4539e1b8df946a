"""Documents set line by line at fixed places, as layout programs and exporters of office systems put them."""

from dataclasses import dataclass, field

from tests.reading.corpus.facts import Doc, Signer
from tests.reading.corpus.prose import basis, behind, body, operative
from tests.reading.pages import MARGIN_LEFT, MARGIN_RIGHT, MIDDLE, Text, width

LEFT, RIGHT = 165.0, 430.0
_COLUMN, _BOTTOM = 205.0, 770.0


@dataclass
class Sheet:
    """A page: its lines of text, and rectangles (x, y of the top left corner, width, height; height 0: a line)."""

    texts: list[Text] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def put(self, x: float, y: float, text: str, face: str = "", size: float = 13, *, middle: bool = True) -> None:
        if text:
            self.texts.append(Text(x, y, text, face, size, centred=middle))


def wrap(text: str, limit: float, size: float, face: str = "", first: float = 0) -> list[str]:
    """Break at spaces so that no line is longer than `limit` points; the first has `first` less."""
    lines: list[str] = []
    current, room = "", limit - first
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and width(longer, size, face) > room:
            lines.append(current)
            current, room = word, limit
        else:
            current = longer
    return [*lines, current]


class Typist:
    """Types one document from top to bottom; `sheets` is what came of it."""

    def __init__(self, doc: Doc, size: float = 14) -> None:
        self.doc, self.size = doc, size
        self.sheets = [Sheet()]
        self.y = 0.0
        self._head()
        self._marks()
        self._middle()
        self._foot()
        self._behind()

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def _face(self, face: str) -> str:
        if "no-bold" in self.doc.flags:
            return face.replace("b", "")
        return "b" + face.replace("b", "") if "all-bold" in self.doc.flags else face

    def _put(self, x: float, text: str, face: str = "", size: float = 13, *, middle: bool = True) -> None:
        self.sheet.put(x, self.y, text, self._face(face), size, middle=middle)

    def _turn(self) -> None:
        self.sheets.append(Sheet())
        self.sheet.put(MIDDLE, 40, str(len(self.sheets)))
        self.y = 70

    def _need(self, room: float) -> None:
        if self.y + room > _BOTTOM:
            self._turn()

    def _head(self) -> None:
        doc, y = self.doc, 62.0
        for line, face in [(line, "") for line in doc.parent] + [(line, "b") for line in doc.agency]:
            for part in wrap(line, _COLUMN, 12, self._face(face)):
                self.sheet.put(LEFT, y, part, self._face(face), 12)
                y += 15
        if doc.kind == "party":
            self.sheet.put(LEFT, y + 1, "*", size=14)
            y += 18
        else:
            self.sheet.boxes.append((LEFT - 35, y - 9, 70, 0))
            y += 9
        right = 62.0
        for index, line in enumerate(doc.title):
            size = 12 if doc.kind == "state" and not index else 13
            self.sheet.put(RIGHT, right, line, self._face("b"), size)
            right += 16
        if doc.title:
            wide = width(doc.title[-1], 13, "b")
            self.sheet.boxes.append((RIGHT - wide / 2, right - 11, wide, 0))
        y = max(y, right + 4)
        self.sheet.put(LEFT, y, doc.number_line.replace("\t", " " * 8), self._face(""), 13)
        self.sheet.put(RIGHT, y, doc.at, self._face("i"), 12.5)
        if doc.letter and doc.subject:
            for part in wrap(doc.subject, _COLUMN - 10, 12):
                y += 14
                self.sheet.put(LEFT, y, part, self._face("i" if doc.kind == "party" else ""), 12)
        self.y = y + 26

    def _marks(self) -> None:
        for mark in (self.doc.secrecy, self.doc.urgency):
            if mark:
                wide = width(mark, 13, "b") + 12
                self.sheet.boxes.append((LEFT - wide / 2, self.y - 13, wide, 19))
                self.sheet.put(LEFT, self.y, mark, "b", 13)
                self.y += 26
        if "draft" in self.doc.flags:
            self._put(LEFT, "Dự thảo lần 2", "i", 12)
            self.y += 20

    def _middle(self) -> None:
        doc = self.doc
        if not doc.letter:
            self._type()
            for part in wrap(doc.subject, 380, 14, self._face("b")):
                self._put(MIDDLE, part, "b", 14)
                self.y += 17
            self.sheet.boxes.append((MIDDLE - 50, self.y - 10, 100, 0))
            self.y += 10
            for part in doc.issuer:
                self._put(MIDDLE, part, "b", 13)
                self.y += 17
        self._addressees()
        for line in basis(doc):
            self._paragraph(line, "i")
        words = operative(doc)
        if words:
            self._need(40)
            self._put(MIDDLE, words, "b", 14)
            self.y += 20
        for line in body(doc):
            self._paragraph(line)

    def _type(self) -> None:
        typed = self.doc.typed_type
        if "smallcaps" not in self.doc.flags:
            self._put(MIDDLE, typed, "b", 15)
        else:
            parts = [(letter.upper(), 15 if letter.isupper() else 11) for letter in typed]
            x = MIDDLE - sum(width(letter, size, "b") for letter, size in parts) / 2
            for letter, size in parts:
                self._put(x, letter, "b", size, middle=False)
                x += width(letter, size, "b")
        self.y += 18

    def _addressees(self) -> None:
        to = self.doc.to
        if len(to) == 1:
            for part in wrap(f"Kính gửi: {to[0]}", 380, self.size):
                self._put(MIDDLE, part, "", self.size)
                self.y += 18
        elif to:
            self._put(160, "Kính gửi:", "", self.size, middle=False)
            for one in to:
                for part in wrap(f"- {one};", MARGIN_RIGHT - 225, self.size):
                    self._put(225, part, "", self.size, middle=False)
                    self.y += 18
        self.y += 10

    def _paragraph(self, text: str, face: str = "") -> None:
        for index, part in enumerate(wrap(text, MARGIN_RIGHT - MARGIN_LEFT, self.size, self._face(face), 28)):
            self._need(18)
            self._put(MARGIN_LEFT + (0 if index else 28), part, face, self.size, middle=False)
            self.y += 18
        self.y += 4

    def _foot(self) -> None:
        doc = self.doc
        below = "two-columns" in doc.flags or doc.partner is not None
        self._need(190 + (70 if below else 0))
        self.y += 12
        top = self.y
        ends = [self._sign(doc.signer, RIGHT, top)]
        if doc.partner:
            ends.append(self._sign(doc.partner, LEFT, top))
        self.y = max(ends) + 30 if below else top
        self._recipients()
        self.y = max(self.y, *ends)

    def _sign(self, signer: Signer, x: float, y: float) -> float:
        for line in signer.lines:
            for part in wrap(line, 235, 13, self._face("b")):
                self.sheet.put(x, y, part, self._face("b"), 13)
                y += 16
        self.sheet.put(x, y + 62, signer.printed, self._face("b"), 14)
        return y + 62

    def _recipients(self) -> None:
        self._put(MARGIN_LEFT, "Nơi nhận:", "bi", 12, middle=False)
        self.y += 15
        items, half = self.doc.listed, (len(self.doc.listed) + 1) // 2
        columns = [items[:half], items[half:]] if "two-columns" in self.doc.flags else [items]
        top, lowest = self.y, self.y
        for index, column in enumerate(columns):
            self.y = top
            for item in column:
                for part in wrap(item, 215, 11):
                    self._put(MARGIN_LEFT + 240 * index, part, "", 11, middle=False)
                    self.y += 13.5
            lowest = max(lowest, self.y)
        self.y = lowest

    def _behind(self) -> None:
        lines = behind(self.doc)
        if lines:
            self._turn()
        for style, line in lines:
            if style == "pair":
                left, right = line.split("|")
                self._put(LEFT, left)
                self._put(RIGHT, right, "b", 12)
            elif style == "line":
                self._put(MARGIN_LEFT, line, "", 12, middle=False)
            else:
                self._put(MIDDLE, line, "i" if style == "italic" else "b", 13)
            self.y += 20


def sheets(doc: Doc) -> list[Sheet]:
    return Typist(doc, 13 if len(doc.key) % 2 else 14).sheets
