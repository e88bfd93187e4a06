"""Who sees which column: personal values are masked in the read layer by role and kind of column."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum

import polars as pl

from core.governance.permissions import Role

MASK = "•••"


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
_EMAIL_VALUE = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+"


def kind_of(column: str) -> Personal | None:
    """The kind of personal column that the name says it is, or None."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.rpartition(".")[2])
    name = re.sub(r"\W+", "_", name).strip("_").lower()
    return next((kind for kind, pattern in _NAMES.items() if pattern.search(name)), None)


def hides(role: Role, column: str, declared: Mapping[str, Collection[str]] | None = None) -> bool:
    """Whether the role may not see the column; `declared` (role -> columns) can only hide more."""
    kind = kind_of(column)
    return (kind is not None and kind in HIDDEN[role]) or column in (declared or {}).get(role.value, ())


def mask(frame: pl.DataFrame, role: Role, declared: Mapping[str, Collection[str]] | None = None) -> pl.DataFrame:
    """The frame as the role may see it: hidden columns as `•••`, e-mail addresses inside any other text too.

    `declared` is a policy's `privacy.mask`. Missing values stay missing; column names and rows stay as they are.
    """
    changed = [
        _masked(name) if hides(role, name, declared) else _without_addresses(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.String or (hides(role, name, declared) and _may_be_personal(name, dtype, declared))
    ]
    return frame.with_columns(changed)


def holds_address(column: str) -> pl.Expr:
    """Whether a text column's value holds an e-mail address."""
    return pl.col(column).str.contains(_EMAIL_VALUE)


def _may_be_personal(name: str, dtype: pl.DataType, declared: Mapping[str, Collection[str]] | None) -> bool:
    """Numbers are hidden as phone numbers or where a policy names the column; flags and counts are no addresses."""
    named = any(name in columns for columns in (declared or {}).values())
    return named or (dtype.is_integer() and kind_of(name) is Personal.PHONE)


def _masked(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_null()).then(None).otherwise(pl.lit(MASK)).alias(name)


def _without_addresses(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(_EMAIL_VALUE, MASK)
