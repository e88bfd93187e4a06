"""sqlglot's tree to our nodes: the allow-list and the typing of every comparison."""

from sqlglot import exp

from core.kernel.expressions.constants import constant, literal, plain
from core.kernel.expressions.diagnostics import Findings
from core.kernel.expressions.nodes import (
    Comparison,
    FieldRef,
    InList,
    IsNull,
    Like,
    Literal,
    Node,
    both,
    either,
    negation,
)
from core.kernel.expressions.schema import ORDERED, TEXTUAL, Field, Kind, Schema
from core.kernel.expressions.words import SYNTAX_HINT

INFIX = "infix_not"
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Reader:
    """Turns one parsed text into nodes; what does not fit becomes a finding and None."""

    def __init__(self, schema: Schema, findings: Findings) -> None:
        self.schema = schema
        self.findings = findings

    def condition(self, tree: exp.Expr) -> Node | None:
        """The node of a subtree that must be true or false."""
        inner = plain(tree)
        if isinstance(inner, exp.And | exp.Or):
            return self._connected(inner)
        if isinstance(inner, exp.Not):
            return self._not(inner)
        if isinstance(inner, exp.Column):
            return self._bare(inner)
        if isinstance(inner, exp.Boolean):
            return Literal(Kind.BOOL, bool(inner.this))
        return self._atom(inner, negated=False)

    def _atom(self, tree: exp.Expr, *, negated: bool) -> Node | None:
        if type(tree) in _OPERATORS:
            return self._comparison(tree)
        if isinstance(tree, exp.In):
            return self._in(tree, negated)
        if isinstance(tree, exp.Between):
            return self._between(tree, negated)
        if isinstance(tree, exp.Like):
            return self._like(tree)
        if isinstance(tree, exp.Is) and isinstance(plain(tree.expression), exp.Null):
            ref = self._ref(tree.this)
            return None if ref is None else IsNull(ref, negated)
        return self._refuse(tree)

    def _connected(self, tree: exp.And | exp.Or) -> Node | None:
        parts = [self.condition(part) for part in _operands(tree)]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            return None
        return both(found) if isinstance(tree, exp.And) else either(found)

    def _not(self, tree: exp.Not) -> Node | None:
        if tree.meta.get(INFIX):
            return self._atom(tree.this, negated=True)
        part = self.condition(tree.this)
        return None if part is None else negation(part)

    def _bare(self, tree: exp.Column) -> Node | None:
        ref = self._ref(tree)
        if ref is None:
            return None
        if ref.field.kind is Kind.BOOL:
            return Comparison("=", ref, Literal(Kind.BOOL, True))
        example = f"{ref.field.name} = TRUE" if ref.field.kind is Kind.ANY else f"{ref.field.name} IS NOT NULL"
        self.findings.add(
            "not_boolean",
            ref.offset,
            f"`{ref.field.name}` alone is not a condition.",
            f"Compare it with something, such as `{example}`.",
        )
        return None

    def _ref(self, tree: exp.Expr) -> FieldRef | None:
        inner = plain(tree)
        if not isinstance(inner, exp.Column) or not isinstance(inner.this, exp.Identifier):
            self._refuse(inner)
            return None
        name, offset = inner.name, offset_of(inner)
        field = self.schema.find(name)
        if field is None:
            self._unknown(name, offset)
            return None
        return FieldRef(field, offset)

    def _unknown(self, name: str, offset: int) -> None:
        close = self.schema.nearest(name)
        known = ", ".join(sorted(field.name for field in self.schema)[:8])
        hint = f"Did you mean `{close}`?" if close else f"Text stands in single quotes; fields begin: {known}."
        if self.findings.text[offset : offset + 1] == '"':
            hint = f"Double quotes name a field; text stands in single quotes: '{name}'."
        self.findings.add("unknown_field", offset, f"There is no field `{name}`.", hint)

    def _comparison(self, tree: exp.Expr) -> Node | None:
        operator = _OPERATORS[type(tree)]
        left, right = tree.this, tree.expression
        if self._is_null_side(left, right):
            return None
        if constant(left) is not None and constant(right) is not None:
            self.findings.add(
                "constant_comparison",
                offset_of(tree),
                "The comparison has no field in it.",
                "Compare a field with a constant.",
            )
            return None
        if constant(left) is not None:
            operator, left, right = _FLIPPED[operator], right, left
        return self._compared(operator, left, right)

    def _is_null_side(self, *sides: exp.Expr) -> bool:
        nulls = [side for side in sides if isinstance(plain(side), exp.Null)]
        for side in nulls:
            self.findings.add(
                "null_comparison",
                offset_of(side),
                "A comparison with NULL is never true.",
                "Write IS NULL or IS NOT NULL.",
            )
        return bool(nulls)

    def _compared(self, operator: str, left: exp.Expr, right: exp.Expr) -> Node | None:
        ref = self._ref(left)
        value = constant(right)
        if value is None:
            other = self._ref(right)
            return None if ref is None or other is None else self._fields(operator, ref, other)
        if ref is None or not self._may_order(operator, ref, ordered_any=not isinstance(value, str | bool)):
            return None
        found = literal(ref.field, value, offset_of(right), self.findings)
        return None if found is None else _normal(operator, ref, found)

    def _fields(self, operator: str, left: FieldRef, right: FieldRef) -> Node | None:
        a, b = left.field, right.field
        if a.kind is not b.kind or a.kind is Kind.ANY or a.scale != b.scale:
            self.findings.add(
                "type_mismatch",
                left.offset,
                f"`{a.name}` ({_kind(a)}) and `{b.name}` ({_kind(b)}) do not compare.",
                "Compare fields of one kind and scale, or each with a constant.",
            )
            return None
        return Comparison(operator, left, right) if self._may_order(operator, left) else None

    def _may_order(self, operator: str, ref: FieldRef, *, ordered_any: bool = False) -> bool:
        kind = ref.field.kind
        if operator in ("=", "<>") or kind in ORDERED or (kind is Kind.ANY and ordered_any):
            return True
        self.findings.add(
            "no_order",
            ref.offset,
            f"`{ref.field.name}` ({_kind(ref.field)}) has no order.",
            "Use =, <>, IN or LIKE; only numbers and times have an order.",
        )
        return False

    def _in(self, tree: exp.In, negated: bool) -> Node | None:
        if not tree.expressions or _has_more(tree):
            self.findings.add(
                "unsupported",
                offset_of(tree),
                "IN needs a list of constants.",
                "Write IN ('a', 'b') with at least one constant.",
            )
            return None
        ref = self._ref(tree.this)
        values = None if ref is None else self._constants(ref.field, tree.expressions)
        return None if ref is None or values is None else InList(ref, values, negated)

    def _constants(self, field: Field, items: list[exp.Expr]) -> tuple[Literal, ...] | None:
        found: list[Literal] = []
        for item in items:
            value = constant(item)
            if value is None:
                if not self._is_null_side(item):
                    self._refuse(item)
                return None
            one = literal(field, value, offset_of(item), self.findings)
            if one is None:
                return None
            found.append(one)
        return self._alike(field, found, offset_of(items[0]))

    def _alike(self, field: Field, values: list[Literal], offset: int) -> tuple[Literal, ...] | None:
        if len({value.kind for value in values}) == 1:
            return tuple(values)
        self.findings.add(
            "type_mismatch",
            offset,
            f"The list for `{field.name}` mixes text, numbers or truth values.",
            "Give each type its own IN (...), joined by OR.",
        )
        return None

    def _between(self, tree: exp.Between, negated: bool) -> Node | None:
        below, above = ("<", ">") if negated else (">=", "<=")
        low, high = tree.args["low"], tree.args["high"]
        if self._is_null_side(low, high):
            return None
        parts = [self._compared(below, tree.this, low), self._compared(above, tree.this, high)]
        found = [part for part in parts if part is not None]
        if len(found) < 2:
            return None
        return either(found) if negated else both(found)

    def _like(self, tree: exp.Like) -> Node | None:
        ref, pattern = self._ref(tree.this), constant(tree.expression)
        if ref is None:
            return None
        if ref.field.kind not in TEXTUAL | {Kind.ANY} or not isinstance(pattern, str):
            self.findings.add(
                "type_mismatch",
                ref.offset,
                "LIKE compares a text field with a pattern in quotes.",
                "Write `page LIKE '/pricing%'`.",
            )
            return None
        return Like(ref, pattern, bool(tree.args.get("negate")))

    def _refuse(self, tree: exp.Expr) -> None:
        self.findings.add(
            "unsupported",
            offset_of(tree.args["alias"]) if isinstance(tree, exp.Alias) else offset_of(tree),
            f"{_described(tree)} is not part of the condition language.",
            _remedy(tree),
        )


def offset_of(tree: exp.Expr) -> int:
    """The character offset where a subtree begins."""
    return min((node.meta["start"] for node in tree.walk() if "start" in node.meta), default=0)


def _operands(tree: exp.And | exp.Or) -> list[exp.Expr]:
    kind, pending, found = type(tree), [tree.expression, tree.this], []
    while pending:
        part = plain(pending.pop())
        if type(part) is kind:
            pending += [part.expression, part.this]
        else:
            found.append(part)
    return found


def _has_more(tree: exp.In) -> bool:
    return any(tree.args.get(name) for name in set(tree.args) - {"this", "expressions"})


def _normal(operator: str, ref: FieldRef, value: Literal) -> Comparison:
    if value.kind is Kind.BOOL and operator == "<>":
        return Comparison("=", ref, Literal(Kind.BOOL, not value.value))
    return Comparison(operator, ref, value)


def _kind(field: Field) -> str:
    return f"decimal({field.scale})" if field.kind is Kind.DECIMAL else str(field.kind)


def _remedy(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Alias):
        return "Join conditions with AND or OR, and put text in single quotes."
    if isinstance(tree, exp.Is):
        return "Write `field`, `field = FALSE`, IS NULL or IS NOT NULL."
    return SYNTAX_HINT


def _described(tree: exp.Expr) -> str:
    if constant(tree) is not None:
        return "A constant in this place"
    if isinstance(tree, exp.Alias):
        return f"`{tree.alias}` after a complete condition"
    if isinstance(tree, exp.Is):
        return "IS with anything but NULL"
    if isinstance(tree, (*_OPERATORS, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like)):
        return "A condition in the place of a value"
    return f"`{type(tree).__name__.upper()}`"
