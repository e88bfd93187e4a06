"""Personal data: found by the column's name or by what its values look like; sealed, never a feature."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.signals.aliases import plain_name

NAMES = frozenset(
    ("email", "emailaddress", "emailid", "mail", "phone", "phonenumber", "mobile", "mobilephone", "mobilenumber",
     "cellphone", "telephone", "fax", "firstname", "lastname", "fullname", "surname", "givenname", "familyname",
     "middlename", "contactname", "ip", "ipaddress", "clientip", "iban", "ssn", "passport", "dateofbirth", "birthdate",
     "birthday", "street", "streetaddress", "mailingstreet", "address", "homeaddress", "recipient", "twitterhandle",
     "linkedinurl", "useragent")
)  # fmt: skip
VALUES = {
    "e-mail address": r"(?i)^[a-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z]{2,}$",
    "IP address": r"^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$",
    "IBAN": r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$",
    "phone number": r"^\+\d[\d ()/.-]{7,18}$",
}
EMAIL = re.compile(VALUES["e-mail address"])
SHARE = 0.2
SAMPLE = 2_000


def is_personal_name(column: str) -> bool:
    """Whether the column's name says that it holds personal data."""
    name = plain_name(column.rpartition(".")[2])
    return name in NAMES or name.rstrip("0123456789") in NAMES


def personal_kind(column: str, values: pl.Series) -> str | None:
    """What personal data the column holds: by its name, else where a fifth of its values look like it; else None."""
    if is_personal_name(column):
        return f"the name `{column}`"
    if values.dtype != pl.String:
        return None
    present = values.drop_nulls().head(SAMPLE)
    if present.is_empty():
        return None
    shares = {kind: float(present.str.contains(pattern).mean() or 0.0) for kind, pattern in VALUES.items()}  # type: ignore[arg-type]
    best = max(shares, key=lambda kind: shares[kind])
    return f"values like an {best}" if shares[best] >= SHARE else None


def personal_columns(frame: pl.DataFrame, columns: Iterable[str], declared: Iterable[str]) -> dict[str, str]:
    """Column → why it is personal, for those of `columns` that are declared or found to be."""
    said = set(declared)
    found = {column: "declared" if column in said else personal_kind(column, frame[column]) for column in columns}
    return {column: why for column, why in found.items() if why}


HINTS = (
    r'@|"\$?(?i:(tele|mobile|cell)?_?phone(_?number)?|mobile|fax|(first|last|full|given|family|middle)_?name|surname|'
    r"(client)?_?ip(_?address)?|iban|ssn|passport|date_?of_?birth|birth_?(date|day)|(home|mailing)?_?(street|address)|"
    r'street_?address|recipient|user_?agent)"'
)


@dataclass(frozen=True)
class PersonalMembers:
    """JSON objects parted: `rest` without their personal members, `taken` with each of these as a column of text."""

    rest: pl.Series
    taken: dict[str, pl.Series]

    @classmethod
    def of(cls, objects: pl.Series, declared: Iterable[str]) -> "PersonalMembers | None":
        """The parts, or None where no object has a personal member (by name, by an e-mail address, or declared).

        Members of inner objects count too, and are named by their dotted path.
        """
        said = frozenset(declared)
        hints = "|".join([HINTS, *(re.escape(json.dumps(name.rpartition(".")[2])) for name in sorted(said))])
        rows = objects.str.contains(hints).fill_null(False).arg_true().to_list()
        values = objects.to_list() if rows else []
        taken: dict[str, list[str | None]] = {}
        for row in rows:
            values[row] = _part(values[row], said, taken, row, len(values))
        if not taken:
            return None
        columns = {name: pl.Series(name, texts, dtype=pl.String) for name, texts in taken.items()}
        return cls(pl.Series(objects.name, values, dtype=pl.String), columns)


def _part(text: str, said: frozenset[str], taken: dict[str, list[str | None]], row: int, height: int) -> str:
    try:
        members = json.loads(text)
    except ValueError:
        return text
    if not isinstance(members, dict):
        return text
    found = dict(_taken_out(members, said, ""))
    for name, value in found.items():
        held = taken.setdefault(name, [None] * height)
        held[row] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) if found else text


def _taken_out(members: dict[str, Any], said: frozenset[str], above: str) -> Iterator[tuple[str, Any]]:
    """Take the personal members out of the object, at any depth, each with its dotted path."""
    for name, value in list(members.items()):
        path = above + name
        if name in said or path in said or _is_personal(name, value):
            yield path, members.pop(name)
        elif isinstance(value, dict):
            yield from _taken_out(value, said, path + ".")


def _is_personal(name: str, value: object) -> bool:
    """Whether the member itself is personal; a list is where anything in it is."""
    if isinstance(value, list):
        return any(_holds_personal(item) for item in value)
    return value is not None and (is_personal_name(name) or (isinstance(value, str) and bool(EMAIL.match(value))))


def _holds_personal(value: object) -> bool:
    if isinstance(value, dict):
        return any(_is_personal(name, inner) or _holds_personal(inner) for name, inner in value.items())
    return _is_personal("", value)
