"""YAML as people mean it: one plain document, no aliases or tags, no value that reads differently from how it looks."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath

import yaml
from yaml import events as ev

from core.kernel.errors import LeadbenchError, Where, did_you_mean

SIZE_LIMIT = 256 * 1024
DEPTH_LIMIT = 50
EXACT_INTEGER = 2**53 - 1
Path = tuple[str | int, ...]
Place = tuple[int, int]
_ONE_LINE = (None, "", "'", '"')
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_QUOTE = "Put it in quotes if text is meant."
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_TRUTH = frozenset({"y", "n", "yes", "no", "on", "off"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?", re.ASCII)
_SURPRISES = (
    (re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), "is not a finite number"),
    (re.compile(r"[-+]?0[0-9_]+(?:\.[0-9]*)?"), "begins with zero, which some readers take as octal"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+", re.IGNORECASE), "is a number that is not decimal"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "reads as a base-60 number"),
    (re.compile(r"[-+]?[0-9][0-9]*_[0-9_]*(?:\.[0-9_]*)?"), "is a number with underscores"),
)


class DocumentInvalid(LeadbenchError):
    """A document that is not one plain, unambiguous YAML value."""

    code = "invalid_document"


class UnknownKey(DocumentInvalid):
    """A key that the document's schema does not have."""

    def __init__(self, key: str, known: Collection[str], where: Where) -> None:
        remedy = did_you_mean(key, known, f"Known keys: {', '.join(sorted(known))}.")
        super().__init__(f"There is no key `{key}` here.", value=key, remedy=remedy, where=where)


@dataclass(frozen=True)
class _Spot:
    place: Place
    key: Place | None
    style: str | None
    raw: str | None


class Positions(Mapping[Path, Place]):
    """Where each value of a document stands: its path (keys and list indexes) to (line, column), counted from 1."""

    def __init__(self, spots: Mapping[Path, _Spot]) -> None:
        self._spots = spots

    def __getitem__(self, path: Path) -> Place:
        return self._spots[path].place

    def __iter__(self) -> Iterator[Path]:
        return iter(self._spots)

    def __len__(self) -> int:
        return len(self._spots)

    def nearest(self, path: Path) -> Place:
        """The place of the path, or of the closest thing around it that the document holds."""
        while path and path not in self._spots:
            path = path[:-1]
        return self._spots[path].place if path in self._spots else (1, 1)

    def key(self, path: Path) -> Place:
        """The place of the key whose value stands at the path."""
        spot = self._spots.get(path)
        return self.nearest(path) if spot is None or spot.key is None else spot.key

    def inside(self, path: Path, line: int, column: int) -> Place:
        """The place in the document of a place in the text at the path; the text's begin where it was folded."""
        spot = self._spots.get(path)
        if spot is None or spot.raw is None or line != 1:
            return self.nearest(path)
        return spot.place[0], spot.place[1] + _raw_columns(spot, column)


def read_text(path: FilePath) -> str:
    """The text of a document file; raises DocumentInvalid where it is not UTF-8 or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        if isinstance(error, UnicodeDecodeError):
            told = f"is not UTF-8 text: byte {error.start} cannot be read"
            remedy = "Save it as UTF-8, for example with `iconv -f ENCODING -t UTF-8`."
        else:
            told, remedy = f"cannot be read: {error.strerror or error}", "Check the path and its permissions."
        raise DocumentInvalid(f"`{path}` {told}.", value=path, remedy=remedy, where=Where(str(path))) from error


def load(text: str, *, file: str) -> tuple[object, Positions]:
    """The value of a YAML text and where its parts stand; times stay text; raises DocumentInvalid with the place."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        raise DocumentInvalid(
            f"The document has `{size}` bytes; the limit is {SIZE_LIMIT}.",
            value=size,
            remedy="Split it into smaller documents.",
            where=Where(file),
        )
    reader = _Reader(text.removeprefix("\ufeff"), file)
    return reader.document(), Positions(reader.spots)


def check_keys(
    mapping: Mapping[str, object],
    known: Collection[str],
    *,
    where_path: Path,
    file: str,
    positions: Positions,
) -> None:
    """Raises UnknownKey at the first key of the mapping (standing at `where_path`) that is not known."""
    for key in mapping:
        if key not in known:
            raise UnknownKey(key, known, Where(file, *positions.key((*where_path, key))))


class _Reader:
    """Builds the value from the parser's events, so that nothing is resolved by YAML's own rules."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = [*_BREAK.split(text), ""]
        self.spots: dict[Path, _Spot] = {}
        self._events = self._parsed(text)

    def _parsed(self, text: str) -> Iterator[ev.Event]:
        try:
            yield from yaml.parse(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DocumentInvalid:
        mark = getattr(error, "problem_mark", None)
        where = Where(self.file, mark.line + 1, mark.column + 1) if mark else Where(self.file)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        return DocumentInvalid(
            f"The text is not YAML: {problem}.",
            remedy="Check indentation, colons and quotes at this place.",
            where=where,
        )

    def document(self) -> object:
        """The one document's value."""
        next(self._events)
        start = next(self._events)
        if not isinstance(start, ev.DocumentStartEvent):
            raise DocumentInvalid("The document is empty.", remedy="Write at least one key.", where=Where(self.file))
        if start.version or start.tags:
            raise self._refusal(start, "A YAML directive", "Remove the line that begins with %.")
        value = self._value(next(self._events), ())
        next(self._events)
        extra = next(self._events)
        if isinstance(extra, ev.DocumentStartEvent):
            raise self._refusal(extra, "A second document", "Keep one document a file.")
        return value

    def _value(self, event: ev.Event, path: Path, key: Place | None = None) -> object:
        self._check_plain(event, path)
        self.spots[path] = self._spot(event, key)
        if isinstance(event, ev.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, ev.SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, ev.ScalarEvent)
        return self._scalar(event)

    def _check_plain(self, event: ev.Event, path: Path) -> None:
        if isinstance(event, ev.AliasEvent):
            raise self._refusal(event, f"The alias `*{event.anchor}`", "Write the value out.")
        if anchor := getattr(event, "anchor", None):
            raise self._refusal(event, f"The anchor `&{anchor}`", "Remove it and write values out.")
        if tag := getattr(event, "tag", None):
            raise self._refusal(event, f"The tag `{tag}`", "Remove it; types follow from how values look.")
        if len(path) > DEPTH_LIMIT:
            raise self._refusal(event, f"Nesting deeper than `{DEPTH_LIMIT}` levels", "Flatten the document.")

    def _mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self._events), ev.MappingEndEvent):
            key = self._key(event, path)
            if key in found:
                raise self._refusal(event, f"The second key `{key}`", "Keep one of them.", "in one mapping")
            found[key] = self._value(next(self._events), (*path, key), _place(event))
        return found

    def _key(self, event: ev.Event, path: Path) -> str:
        self._check_plain(event, path)
        if not isinstance(event, ev.ScalarEvent) or not event.value:
            raise self._refusal(event, "A key that is not text", "Write a name before the colon.")
        if event.value == "<<" and not event.style:
            raise self._refusal(event, "The merge key `<<`", "Write the merged keys out.")
        return event.value

    def _sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self._events), ev.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: ev.ScalarEvent) -> object:
        text = event.value
        if event.style:
            return text
        if text in _NULLS:
            return None
        if text in _TRUTH:
            return _TRUTH[text]
        if text.lower() in _OLD_TRUTH:
            raise self._ambiguous(event, "is read as true or false by some YAML readers")
        for pattern, problem in _SURPRISES:
            if pattern.fullmatch(text):
                raise self._ambiguous(event, problem)
        return self._number(event) if any(c.isdigit() for c in text) and _FLOAT.fullmatch(text) else text

    def _number(self, event: ev.ScalarEvent) -> int | float:
        text = event.value
        if _INTEGER.fullmatch(text):
            if len(text) > 20 or abs(int(text)) > EXACT_INTEGER:
                raise self._ambiguous(event, "is too large to be kept exactly")
            return int(text)
        number = float(text)
        if not math.isfinite(number):
            raise self._ambiguous(event, "is not a finite number")
        if Decimal(text) != Decimal(repr(number)):
            raise self._ambiguous(event, "has more digits than a number keeps")
        return number + 0.0

    def _spot(self, event: ev.Event, key: Place | None) -> _Spot:
        place, raw = _place(event), None
        if isinstance(event, ev.ScalarEvent) and event.style in _ONE_LINE and _ends_on_its_line(event):
            raw = self.lines[place[0] - 1][place[1] - 1 : event.end_mark.column]
        return _Spot(place, key, getattr(event, "style", None), raw)

    def _ambiguous(self, event: ev.ScalarEvent, problem: str) -> DocumentInvalid:
        return DocumentInvalid(
            f"`{event.value}` {problem}.",
            value=event.value,
            remedy=f'{_QUOTE} Text: "{event.value}".' if len(event.value) < 40 else _QUOTE,
            where=Where(self.file, *_place(event)),
        )

    def _refusal(self, event: ev.Event, what: str, remedy: str, where: str = "here") -> DocumentInvalid:
        return DocumentInvalid(f"{what} is not allowed {where}.", remedy=remedy, where=Where(self.file, *_place(event)))


def _place(event: ev.Event) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _ends_on_its_line(event: ev.ScalarEvent) -> bool:
    return event.start_mark.line == event.end_mark.line


def _raw_columns(spot: _Spot, column: int) -> int:
    """How many raw characters stand before the column-th character of a scalar's text."""
    raw, wanted = spot.raw or "", column - 1
    if spot.style not in ("'", '"'):
        return wanted
    at = 1
    for _ in range(wanted):
        at += _escape_length(raw[at:], spot.style)
    return at


def _escape_length(rest: str, style: str) -> int:
    if style == "'":
        return 2 if rest.startswith("''") else 1
    if not rest.startswith("\\"):
        return 1
    return {"x": 4, "u": 6, "U": 10}.get(rest[1:2], 2)
