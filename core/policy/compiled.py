"""Every condition of a document, parsed against what its stage may read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.kernel.expressions import (
    Comparison,
    Diagnostic,
    Expression,
    ExpressionInvalid,
    InList,
    Literal,
    Schema,
    parse,
)
from core.kernel.strict_yaml import Path
from core.policy.blocks import Row
from core.policy.cells import cell_text, literal, written_cells
from core.policy.document import Document
from core.policy.shape import Located
from core.policy.stages import claim_schema, schema_of
from core.policy.types import Cell, Scalar

Cells = tuple[tuple[str, Expression], ...]
ClaimParts = tuple[Expression | None, Expression | None]
"""A claim's `given` and `claim`."""


@dataclass(frozen=True)
class Conditions:
    """The parsed conditions of the stages that decide, in the document's order; a row has one a written cell."""

    guards: tuple[Expression, ...]
    additions: tuple[Expression, ...]
    transitions: tuple[Expression, ...]
    routing_applies: Expression | None
    rows: tuple[Cells, ...]
    actions_applies: Expression | None
    actions: tuple[Expression, ...]
    holdout_excludes: Expression | None = None
    exploration_allowed: Expression | None = None
    claims: tuple[ClaimParts, ...] = ()

    @property
    def everything(self) -> Iterator[Expression]:
        """Every condition of the document, claims included."""
        yield from (*self.guards, *self.additions, *self.transitions, *self.actions)
        yield from (cell for row in self.rows for _, cell in row)
        single = (self.routing_applies, self.actions_applies, self.holdout_excludes, self.exploration_allowed)
        yield from (one for one in (*single, *(part for claim in self.claims for part in claim)) if one)


class Compiler:
    """Parses conditions and collects their findings, each placed in the document."""

    def __init__(self, document: Document, located: Located) -> None:
        self._document = document
        self._located = located
        self.found: list[Diagnostic] = []

    def conditions(self) -> Conditions | None:
        """All conditions, or None where some do not parse; then `found` says why."""
        document = self._document
        priority, lifecycle, actions = document.priority, document.lifecycle, document.actions
        additions = [item.condition for item in priority.add] if priority else []
        transitions = [item.condition for item in lifecycle.transitions] if lifecycle else []
        rules = [item.condition for item in actions.rules] if actions else []
        parsed = (
            self._listed("guards", ("guards", "rules"), [item.condition for item in document.guards.rules]),
            self._listed("priority", ("priority", "add"), additions),
            self._listed("lifecycle", ("lifecycle", "transitions"), transitions),
            self._applies("routing", document.routing.applies_if),
            self._rows(),
            self._applies("actions", actions.applies_if if actions else None),
            self._listed("actions", ("actions", "rules"), rules),
        )
        parsed = (*parsed, *self._experiment(), self._claims())
        return None if self.found else Conditions(*parsed)

    def _schema(self, stage: str) -> Schema:
        return schema_of(self._document, stage)

    def _listed(self, stage: str, path: Path, texts: Iterable[str]) -> tuple[Expression, ...]:
        schema = self._schema(stage)
        parsed = [self._parse(text, schema, (*path, place, "if")) for place, text in enumerate(texts)]
        return tuple(item for item in parsed if item)

    def _applies(self, stage: str, text: str | None) -> Expression | None:
        return self._maybe(text, self._schema(stage), (stage, "applies_if"))

    def _rows(self) -> tuple[Cells, ...]:
        schema = self._schema("routing")
        rules = self._document.routing.rules
        return tuple(
            tuple(self._cells(row, schema, ("routing", "rules", place, "when"))) for place, row in enumerate(rules)
        )

    def _cells(self, row: Row, schema: Schema, path: Path) -> Iterator[tuple[str, Expression]]:
        for name, cell in written_cells(row):
            place = (*path, name)
            read = self._list if isinstance(cell, tuple) else self._one
            parsed = read(name, cell, schema, place)  # type: ignore[arg-type]
            if parsed:
                yield name, parsed

    def _one(self, name: str, cell: Cell, schema: Schema, path: Path) -> Expression | None:
        return self._parse(cell_text(name, cell), schema, path, inside=False)

    def _list(self, name: str, cell: tuple[Scalar, ...], schema: Schema, path: Path) -> Expression | None:
        """A list cell, value by value, so that it may be long and a wrong value is found at its place."""
        if not cell:
            hint = "List the values that the row takes, or leave the cell blank for any value."
            self.found.append(self._located.diagnostic("empty_cell", path, f"The cell of `{name}` is empty.", hint))
        texts = [f"{name} = {literal(value)}" for value in cell]
        parsed = [self._parse(text, schema, (*path, place), inside=False) for place, text in enumerate(texts)]
        equal = [item.node for item in parsed if item and isinstance(item.node, Comparison)]
        values = tuple(node.right for node in equal if isinstance(node.right, Literal))
        if not values or len(values) < len(cell):
            return None
        return Expression(cell_text(name, cell), InList(equal[0].left, values))

    def _experiment(self) -> tuple[Expression | None, Expression | None]:
        """What keeps a lead out of the hold-out, and what lets it be explored."""
        experiment, schema = self._document.experiment, self._schema("actions")
        holdout = experiment.holdout if experiment else None
        exploration = experiment.exploration if experiment else None
        excludes, allowed = ("experiment", "holdout", "exclude_if"), ("experiment", "exploration", "allowed_if")
        return (
            self._maybe(holdout.exclude_if if holdout else None, schema, excludes),
            self._maybe(exploration.allowed_if if exploration else None, schema, allowed),
        )

    def _claims(self) -> tuple[ClaimParts, ...]:
        schema = claim_schema(self._document)
        return tuple(
            (
                self._maybe(claim.given, schema, ("properties", place, "given")),
                self._maybe(claim.claim, schema, ("properties", place, "claim")),
            )
            for place, claim in enumerate(self._document.properties)
        )

    def _maybe(self, text: str | None, schema: Schema, path: Path) -> Expression | None:
        return self._parse(text, schema, path) if text else None

    def _parse(self, text: str, schema: Schema, path: Path, *, inside: bool = True) -> Expression | None:
        try:
            return parse(text, schema, strict_missing=True)
        except ExpressionInvalid as error:
            self.found.extend(self._placed(item, path, inside) for item in error.diagnostics)
            return None

    def _placed(self, item: Diagnostic, path: Path, inside: bool) -> Diagnostic:
        """The finding in the document; a cell's own text is not what was parsed, so only its place is known."""
        if inside:
            return self._located.inside(path, item)
        return self._located.diagnostic(item.code, path, item.message, item.hint)
