"""Symbolic leads: what makes one plain, and a real lead out of an answer of the solver."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import product

import z3

from core.kernel.expressions.patterns import matcher
from core.policy.blocks import InputField
from core.policy.contract import bounds, check_of
from core.policy.inputs import typical
from core.policy.prover.conditions import constant, fitting
from core.policy.prover.symbols import OTHER, Symbol, Term, Texts, Truth, Words

UNNAMED = "another text"
Fields = Mapping[str, InputField]


@dataclass(frozen=True)
class SymbolicLead:
    """A symbol a declared field, with what the conditions say about its texts."""

    fields: Fields
    symbols: Mapping[str, Symbol]
    texts: Mapping[str, Texts]
    words: Words

    def plain(self) -> list[Truth]:
        """For each field, that it has its typical value; for each text, that one can be made up."""
        makeable = [self._makeable(name, known) for name, known in self.texts.items() if known.patterns]
        return [*(self.has(name, typical(declared)) for name, declared in self.fields.items()), *makeable]

    def distances(self, model: z3.ModelRef) -> list[Term]:
        """How far each field that the model gives another value lies from its typical one; words by their order."""
        found = [self._distance(name, declared, model) for name, declared in self.fields.items()]
        return [distance for distance in found if distance is not None]

    def _distance(self, name: str, declared: InputField, model: z3.ModelRef) -> Term | None:
        symbol = self.symbols[name]
        if not truth(symbol.known, model) or truth(self.has(name, typical(declared)), model):
            return None
        if declared.type == "enum":
            places = [(self.words.term(word), place) for place, word in enumerate(declared.values)]
            return reduce(lambda rest, one: z3.If(symbol.value == one[0], one[1], rest), places, z3.IntVal(-1))
        if declared.type not in ("int", "decimal"):
            return None
        usual, _ = check_of(declared)(typical(declared))
        from_usual = symbol.value - (usual if isinstance(usual, int) else max(bounds(declared).low, 0))
        return z3.If(from_usual < 0, -from_usual, from_usual)

    def has(self, name: str, raw: object) -> Truth:
        """That the field has this raw value; what breaks the contract counts as missing."""
        symbol, declared = self.symbols[name], self.fields[name]
        value, _ = check_of(declared)(raw)
        if value is None:
            return z3.Not(symbol.known)
        named = declared.type != "text" or value in self.texts[name].words
        return z3.And(symbol.known, symbol.value == (constant(value, self.words) if named else OTHER))

    def read(self, model: z3.ModelRef) -> dict[str, object] | None:
        """The lead of a model in raw values; None where no text is known that fits the patterns it must."""
        values = {name: self._value(name, declared, model) for name, declared in self.fields.items()}
        return None if NO_TEXT in values.values() else values

    def _value(self, name: str, declared: InputField, model: z3.ModelRef) -> object:
        symbol = self.symbols[name]
        if not truth(symbol.known, model):
            return None
        if declared.type == "bool":
            return truth(symbol.value, model)
        code = number(symbol, model)
        if declared.type == "int":
            return code
        if declared.type == "decimal":
            places = declared.scale or 0
            return round(code / 10**places, places)
        return self.words.word(code) or self._text(name, model)

    def _text(self, name: str, model: z3.ModelRef) -> object:
        """A text that no condition names and that fits just the patterns that the model says."""
        known = self.texts.get(name, Texts())
        wanted = tuple(truth(fitting(name, pattern), model) for pattern in sorted(known.patterns))
        return _texts_by_fit(known).get(wanted, NO_TEXT)

    def _makeable(self, name: str, known: Texts) -> Truth:
        """That the text is named, or fits the patterns as some text does that can be made up."""
        patterns = sorted(known.patterns)
        ways = [
            z3.And([fitting(name, one) == fits for one, fits in zip(patterns, way, strict=True)])
            for way in _texts_by_fit(known)
        ]
        return z3.Or(self.symbols[name].value != OTHER, *ways)


NO_TEXT = object()


@lru_cache(maxsize=64)
def _texts_by_fit(known: Texts) -> dict[tuple[bool, ...], str]:
    """Texts that no condition names, by which of the patterns (in their order) each fits."""
    patterns = sorted(known.patterns)
    parts = [pattern.replace("%", "").replace("_", "x") for pattern in patterns]
    candidates = [UNNAMED, "", *parts, *("".join(pair) for pair in product(parts, repeat=2))]
    found: dict[tuple[bool, ...], str] = {}
    for text in candidates:
        if text not in known.words:
            found.setdefault(tuple(matcher(pattern)(text) for pattern in patterns), text)
    return found


def truth(term: z3.ExprRef, model: z3.ModelRef) -> bool:
    """A truth value of the model."""
    return z3.is_true(model.eval(term, model_completion=True))


def number(symbol: Symbol, model: z3.ModelRef) -> int:
    """A whole number, or a word's number, of the model."""
    return model.eval(symbol.value, model_completion=True).as_long()  # type: ignore[attr-defined]
