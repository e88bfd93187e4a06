"""Names that a sales leader reads: labels made from what a feature means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.expressions.nodes import Comparison, FieldRef, InList, Literal
from core.kernel.times import UNITS_US

if TYPE_CHECKING:
    from core.features.document import Feature

_UNITS = (("d", "day"), ("h", "hour"), ("m", "minute"), ("s", "second"))
_ACTIVITY = "activity"


def humanised(name: str) -> str:
    """An identifier as words: `email_opened` is `Email opened`, `A_PREACCEPTED` is `A preaccepted`."""
    words = " ".join(name.replace("_", " ").replace(".", " ").split())
    if not words:
        return name
    return words[0].upper() + (words[1:].lower() if words.isupper() and len(words) > 4 else words[1:])


def span_words(microseconds: int) -> str:
    """A duration in its largest whole unit: `7 days`, `1 hour`."""
    for unit, word in _UNITS:
        if microseconds % UNITS_US[unit] == 0:
            count = microseconds // UNITS_US[unit]
            return f"{count} {word}" + ("" if count == 1 else "s")
    return f"{microseconds / UNITS_US['s']:g} seconds"


def label_of(feature: Feature) -> str:
    """The label made from the feature's meaning, its description's first sentence where the condition is not simple."""
    if feature.attribute is not None:
        return feature.names.get(feature.attribute) or humanised(feature.attribute)
    subject = _subject(feature)
    if subject is None and feature.description:
        return feature.description.split(". ")[0].rstrip(".")
    return _phrase(feature, subject or _lower(humanised(feature.name)))


def _phrase(feature: Feature, subject: str) -> str:
    text = _PHRASES[feature.aggregate or "count"].format(
        subject=subject,
        of=_lower(_named(feature, feature.of.name.removeprefix("properties."))) if feature.of else "",
        half_life=span_words(feature.half_life) if feature.half_life else "",
        window=span_words(feature.window) if feature.window else "",
        against=span_words(feature.against) if feature.against else "",
        within=span_words(feature.within) if feature.within else "",
    )
    if feature.of is not None and feature.aggregate in ("first", "last", "distinct"):
        text = _about_types(feature, text)
    return _upper(text) + _scope_words(feature) + _window_words(feature)


_PHRASES = {
    "count": "{subject}",
    "exists": "any {subject}",
    "sum": "total {of} of {subject}",
    "mean": "average {of} of {subject}",
    "min": "smallest {of} of {subject}",
    "max": "largest {of} of {subject}",
    "distinct": "different values of {of} in {subject}",
    "active_days": "days with {subject}",
    "days_since_last": "days since the last {subject}",
    "days_since_first": "days since the first {subject}",
    "first": "first {of} of {subject}",
    "last": "latest {of} of {subject}",
    "decayed_count": "recent {subject}, halving every {half_life}",
    "decayed_sum": "recent {of} of {subject}, halving every {half_life}",
    "velocity": "pace of {subject}, last {window} against the {against} before",
    "gap_mean": "average days between {subject}",
    "share": "share of {subject} in all activity",
    "followed_by": "{subject} followed up within {within}",
}
_TYPE_PHRASES = {
    ("first", "type"): "first kind of activity",
    ("last", "type"): "latest kind of activity",
    ("distinct", "type"): "different kinds of activity",
    ("distinct", "source"): "different channels",
    ("distinct", "lead_id"): "people active",
}


def _about_types(feature: Feature, text: str) -> str:
    plain = feature.where is None and feature.of is not None
    return _TYPE_PHRASES.get((feature.aggregate or "", feature.of.name), text) if plain and feature.of else text


def _scope_words(feature: Feature) -> str:
    return {"account": ", whole account", "account_others": ", colleagues"}.get(feature.scope, "")


def _window_words(feature: Feature) -> str:
    if feature.window is None or feature.aggregate == "velocity":
        return ""
    return f", last {span_words(feature.window)}"


def _subject(feature: Feature) -> str | None:
    if feature.where is None:
        return _ACTIVITY
    values = _simple_values(feature)
    if values is None:
        return None
    words = [_subject_word(feature, kind, value) for kind, value in values]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _simple_values(feature: Feature) -> list[tuple[str, str]] | None:
    node = feature.where.node if feature.where else None
    if isinstance(node, Comparison) and node.operator == "=" and isinstance(node.left, FieldRef):
        found = [(node.left, node.right)]
    elif isinstance(node, InList) and not node.negated and len(node.values) <= 4:
        found = [(node.ref, value) for value in node.values]
    else:
        return None
    plain = [(ref.field.name, str(literal.value)) for ref, literal in found if isinstance(literal, Literal)]
    return plain if len(plain) == len(found) and {name for name, _ in plain} <= {"type", "source"} else None


def _subject_word(feature: Feature, kind: str, value: str) -> str:
    word = _lower(feature.names.get(value) or humanised(value))
    return f"{word} activity" if kind == "source" else word


def _named(feature: Feature, name: str) -> str:
    return feature.names.get(name) or humanised(name)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if len(first) < 2 or any(letter.isupper() for letter in first[1:]) else text[:1].lower() + text[1:]
