"""Who sees which column: personal values are masked in the read layer by role and kind of column."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

import polars as pl

from core.governance.permissions import Role
from core.kernel.addresses import ADDRESS, MASK
from core.policy.document import Document

HIDDEN_CHANGE = "A change of values that your role does not see would."
ABOUT = ("feature", "name")
TOLD = frozenset({"value", "sentence", "before", "after", "text", "number"})
"""What an object tells of the name that it is about."""


class Personal(StrEnum):
    """Kinds of personal columns."""

    EMAIL = "email"
    PHONE = "phone"
    IP = "ip"
    PERSON_NAME = "person_name"
    JOB_TITLE = "job_title"


_ALL = frozenset(Personal)
HIDDEN: Mapping[Role, frozenset[Personal]] = {
    Role.VIEWER: _ALL,
    Role.ANALYST: frozenset({Personal.EMAIL, Personal.PHONE, Personal.IP}),
    Role.REVIEWER: _ALL,
    Role.LEADER: _ALL,
    Role.PRIVACY: _ALL,
    Role.ADMIN: _ALL,
}

_NAMES: Mapping[Personal, re.Pattern[str]] = {
    Personal.EMAIL: re.compile(r"(^|_)e_?mail(_address)?s?$"),
    Personal.PHONE: re.compile(r"(^|_)(tele)?phone(_(number|no))?s?$|^(mobile|cell|fax|tel)(_(number|no))?$"),
    Personal.IP: re.compile(r"(^|_)ip(_?v[46])?(_addr(ess)?)?$"),
    Personal.PERSON_NAME: re.compile(
        r"^(first|last|middle|full|given|family|person|contact|maiden)_?names?$|^(sur|fore)name$"
    ),
    Personal.JOB_TITLE: re.compile(r"^job_?title$"),
}

Declared = Mapping[str, Collection[str]]
"""What policies hide besides: column names by role."""


def declared_by(documents: Iterable[Document]) -> Declared:
    """What the documents' `privacy.mask` hide together."""
    found: dict[str, set[str]] = {}
    for document in documents:
        for role, columns in (document.privacy.mask if document.privacy else {}).items():
            found.setdefault(role, set()).update(columns)
    return found


def kind_of(column: str) -> Personal | None:
    """The kind of personal column that the name says it is, or None."""
    name = _plain(column)
    return next((kind for kind, pattern in _NAMES.items() if pattern.search(name)), None)


def _plain(column: str) -> str:
    """The last part of a dotted name, in lower case with underscores."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.rpartition(".")[2])
    return re.sub(r"\W+", "_", name).strip("_").lower()


def hides(role: Role, column: str, declared: Declared | None = None) -> bool:
    """Whether the role may not see the column; `declared` can only hide more, however the store spells the name."""
    kind = kind_of(column)
    return (kind is not None and kind in HIDDEN[role]) or _is_named(column, _named(role, declared))


def _named(role: Role, declared: Declared | None) -> frozenset[str]:
    return frozenset(map(_plain, (declared or {}).get(role.value, ())))


def _is_named(column: str, named: frozenset[str]) -> bool:
    return _plain(column) in named


def mask(frame: pl.DataFrame, role: Role, declared: Declared | None = None) -> pl.DataFrame:
    """The frame as the role may see it: hidden columns as `•••`, e-mail addresses inside any other text too.

    `declared` is what policies hide (`declared_by`), also under a name of a JSON object in a text. Missing values stay
    missing; column names and rows stay as they are.
    """
    named = _named(role, declared)
    changed = [
        _masked(name) if hides(role, name, declared) else _without_addresses(name, named)
        for name, dtype in frame.schema.items()
        if dtype == pl.String or (hides(role, name, declared) and _may_be_personal(name, dtype, named))
    ]
    return _without_told(frame.with_columns(changed), frame, named)


def _without_told(seen: pl.DataFrame, frame: pl.DataFrame, named: frozenset[str]) -> pl.DataFrame:
    """The rows without what they tell of a name that is hidden and stands in a column of its own."""
    about = [name for name in ABOUT if named and frame.schema.get(name) == pl.String]
    if not about:
        return seen
    is_told = pl.Series([any(_is_named(str(one), named) for one in row) for row in frame.select(about).rows()])
    told = [name for name in seen.columns if name in TOLD]
    return seen.with_columns(
        pl.when(pl.lit(is_told, dtype=pl.Boolean) & pl.col(name).is_not_null())
        .then(pl.lit(MASK if seen.schema[name] == pl.String else None, dtype=seen.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name in told
    )


def conceal(told: Any, role: Role, declared: Declared | None) -> Any:
    """An object of JSON's values as the role may see it by what policies hide: also pairs of a name and a value, and
    objects that tell a `value` of the `feature` or `name` beside it.
    """
    named = _named(role, declared)
    return _hidden(told, named) if named else told


def hides_besides(role: Role, declared: Declared) -> list[str]:
    """The names that policies hide from the role and that nobody would hide without them."""
    return sorted(name for name in declared.get(role.value, ()) if not hides(role, name))


def holds_address(column: str) -> pl.Expr:
    """Whether a text column's value holds an e-mail address."""
    return pl.col(column).str.contains(ADDRESS)


def initials(column: str) -> pl.Expr:
    """`JD @ acme.com` for a text that holds the address jane.doe@acme.com: what tells people apart and names nobody."""
    address = pl.col(column).str.extract(ADDRESS, 0)
    words = address.str.extract(r"^([^@]*)").str.extract_all(r"[A-Za-z]+").list.head(2)
    letters = words.list.eval(pl.element().str.slice(0, 1).str.to_uppercase()).list.join("")
    return pl.concat_str(letters, pl.lit(" @ "), address.str.extract(r"@(.*)$")).str.strip_chars()


def _may_be_personal(name: str, dtype: pl.DataType, named: frozenset[str]) -> bool:
    """Numbers are hidden as phone numbers or where a policy names the column; flags and counts are no addresses."""
    return _is_named(name, named) or (dtype.is_integer() and kind_of(name) is Personal.PHONE)


def _masked(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_null()).then(None).otherwise(pl.lit(MASK)).alias(name)


def _without_addresses(name: str, named: frozenset[str]) -> pl.Expr:
    seen = pl.col(name)
    if named:
        is_json = seen.str.contains(r"^\s*[\[{]")
        hidden = seen.map_elements(lambda text: _hidden_inside(text, named), return_dtype=pl.String)
        seen = pl.when(is_json).then(hidden).otherwise(seen)
    return seen.str.replace_all(ADDRESS, MASK).alias(name)


def _hidden_inside(text: str, named: frozenset[str]) -> str:
    """A JSON text with the values of these names hidden; any other text as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    hidden = _hidden(found, named)
    return text if hidden == found else json.dumps(hidden, ensure_ascii=False)


def _hidden(value: Any, named: frozenset[str]) -> Any:
    """JSON's values with those of these names hidden, whether they stand under the name, beside it, or after it."""
    if isinstance(value, dict):
        about = any(_is_named(str(value.get(key)), named) for key in ABOUT)
        return {
            name: MASK
            if part is not None and (_is_named(name, named) or (about and name in TOLD))
            else _hidden(part, named)
            for name, part in value.items()
        }
    if not isinstance(value, list | tuple):
        return value
    if len(value) == 2 and isinstance(value[0], str) and _is_named(value[0], named) and value[1] is not None:
        return [value[0], MASK]
    return [_hidden(part, named) for part in value]
