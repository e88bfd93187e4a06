"""One branch of the build: the pairs of one scope (row, visible event) and everything counted over them."""

from dataclasses import dataclass, field

from core.features.compiler.columns import OCCURRED, RECEIVED, Edge, EventColumns
from core.kernel.expressions import Expression, Field, Kind

EVENT_ID = Field("event_id", Kind.TEXT)
WORD_BITS = 62
DICTIONARY_FIELDS = frozenset({"type", "source"})
Window = int | None


@dataclass
class Lanes:
    """The counters of one window, packed `per` to a BIGINT word: the conditions in their order."""

    conditions: list[str] = field(default_factory=list)

    def place(self, condition: str, per: int) -> tuple[int, int]:
        """The word and the lane of a condition's counter."""
        if condition not in self.conditions:
            self.conditions.append(condition)
        return divmod(self.conditions.index(condition), per)


class Branch:
    """Collects what the features of one scope need, then writes the branch's common table expressions.

    `leads` is the relation (row_no, lead_no, a, known) whose events are the pairs; times are microseconds. `hidden`
    says whether the log has events that a correction has superseded, `few` whether the pairs are so few that they are
    kept for all who read them; many are read anew, each time with the columns and kinds of event that are needed.
    """

    def __init__(
        self, name: str, leads: str, width: int, bits: dict[str, str], events: EventColumns, *, hidden: bool, few: bool
    ) -> None:
        self.name, self.leads, self.width, self.lane, self._bits = name, leads, width, width, bits
        self.events, self.hidden, self.few = events, hidden, few
        self.reach: list[Window] = []
        self._dictionary: dict[str, str] = {}
        self._conditions: dict[str, tuple[str, str]] = {}
        self._computed: dict[str, str] = {}
        self._lanes: dict[Window, Lanes] = {}
        self._aggregates: dict[str, str] = {}
        self._sequences: dict[str, str] = {}
        self._edges: dict[str, dict[str, str]] = {}
        self._by_kind: set[str] = set()

    def condition(self, expression: Expression | None) -> str:
        """The boolean column that says whether an event meets the condition; empty text where there is none."""
        if expression is None:
            return ""
        kinds, rest = expression.parted(DICTIONARY_FIELDS)
        kind = self._dictionary.setdefault(kinds.to_sql(), f"k{len(self._dictionary)}_is") if kinds else ""
        column = self._condition(kind, rest) if rest else kind
        if kind:
            self._by_kind.add(column)
        return column

    def _condition(self, kind: str, rest: Expression) -> str:
        """The column by what the condition says: its SQL may be another's while no value of their fields fits."""
        sql = rest.to_sql(self.events.sql, stored=self.events.kind)
        column = (f"c{len(self._conditions)}_is", f"{kind} AND {sql}" if kind else sql)
        return self._conditions.setdefault(f"{kind} AND {rest.canonical}", column)[0]

    def bit(self, of: Field) -> str | None:
        """The column of the one bit that stands for a field's value; None where its values have too few bits."""
        if of.name in self._bits:
            return self._dictionary.setdefault(self._bits[of.name], f"{of.name}_bit")
        return self.events.bit(of)

    def computed(self, sql: str) -> str:
        """The column of a value computed once an event."""
        return self._computed.setdefault(sql, f"x{len(self._computed)}")

    def number(self, of: Field) -> str:
        """The column of a field's numeric value."""
        return self.computed(self.events.number(of))

    def aggregate(self, sql: str) -> str:
        """The column of an aggregate over the branch's pairs."""
        return f"{self.name}.{self._aggregates.setdefault(sql, f'g{len(self._aggregates)}')}"

    def tests(self, window: Window, condition: str) -> list[str]:
        """What a pair must meet to be in the window and under the condition."""
        self.reach.append(window)
        return ([condition] if condition else []) + ([f"age <= {window}"] if window is not None else [])

    def over(self, template: str, window: Window, condition: str, value: str) -> str:
        """The column of an aggregate, such as `sum({})`, over the window's pairs that meet the condition."""
        return self.aggregate(template.format(self.masked(window, condition, value)))

    def masked(self, window: Window, condition: str, value: str) -> str:
        """The value of the window's pairs that meet the condition, else NULL."""
        tests = self.tests(window, condition)
        return f"CASE WHEN {' AND '.join(tests)} THEN {value} END" if tests else value

    def counter(self, window: Window, condition: str) -> str:
        """The number of pairs in the window that meet the condition, unpacked from its lane."""
        self.reach.append(window)
        word, lane = self._lanes.setdefault(window, Lanes()).place(condition, WORD_BITS // self.lane)
        column = self._word(window, word)
        masked = column if window is None else f"CASE WHEN age <= {window} THEN {column} ELSE 0 END"
        return f"coalesce(({self.packed(masked)} >> {lane * self.lane}) & {(1 << self.lane) - 1}, 0)"

    def packed(self, words: str) -> str:
        """The sum of words of lanes, none of which can overflow."""
        checked = self.aggregate(f"CASE WHEN count(*) < {1 << self.width} THEN 0 ELSE error({self._overflow()}) END")
        return f"({self.aggregate(f'CAST(sum({words}) AS BIGINT)')} + {checked})"

    def edge(self, function: str, kept: Edge, window: Window, condition: str, *beside: str) -> str:
        """The column of what `arg_max` or `arg_min` keeps, and of what beside it, of a pair in the window.

        Only pairs under the condition count. Of several at one moment `arg_max` takes the last that was received, of
        these the one of the last id, and `arg_min` the first. Where the condition names kinds of event, only these are
        read for it: what it keeps is dear to carry along, but for few pairs less dear than the planning of one more
        relation.
        """
        order = f"struct_pack(t := t, k := k, i := {self.events.sql(EVENT_ID)})"
        fields = ", ".join([f"{kept.name} := {kept.sql}", *beside])
        sql = f"{function}(struct_pack({fields}), {order})"
        tests = self.tests(window, condition)
        if self.few or condition not in self._by_kind:
            return self.aggregate(sql + (f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""))
        edges = self._edges.setdefault(condition, {})
        within = f" FILTER (WHERE {tests[1]})" if tests[1:] else ""
        column = edges.setdefault(sql + within, f"g{len(edges)}")
        return f"{self._edge_name(condition)}.{column}"

    def _edge_name(self, condition: str) -> str:
        return f"{self.name}_at{list(self._edges).index(condition)}"

    def sequence(self, first: str, then: str, within: int, window: Window) -> str:
        """The number of pairs under `first` in the window that a pair under `then` follows, at most `within` later."""
        tests = self.steps(first, then, window)
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return self.answered(
            f"SELECT row_no, t, {first or 'TRUE'} AS is_first, {then} AS is_then FROM {self.name}_pairs{where}", within
        )

    def steps(self, first: str, then: str, window: Window) -> list[str]:
        """What a pair must meet to be a step of a sequence."""
        return self.tests(window, f"({first} OR {then})" if first else "")

    def answered(self, steps: str, within: int) -> str:
        """The number of `steps` (row_no, t, is_first, is_then) that are first and followed."""
        name = f"{self.name}_then{len(self._sequences)}"
        answer = (
            "max(CASE WHEN is_then THEN t END) OVER"
            f" (PARTITION BY row_no ORDER BY t RANGE BETWEEN 1 FOLLOWING AND {within} FOLLOWING)"
        )
        self._sequences[name] = (
            f"SELECT row_no, count(*) AS n FROM (SELECT row_no, is_first, {answer} AS answer FROM ({steps}))"
            " WHERE is_first AND answer IS NOT NULL GROUP BY row_no"
        )
        return f"coalesce({name}.n, 0)"

    def _overflow(self) -> str:
        return f"'a counter of {self.width} bits is too narrow for the events of one {self.name} row'"

    def _word(self, window: Window, word: int) -> str:
        return f"lane_{'all' if window is None else window}_{word}"

    @property
    def relations(self) -> list[str]:
        """The names of the common table expressions that have a row for each spine row with events of their kind."""
        own = [self.name] if self._aggregates else []
        return [*own, *self._sequences, *map(self._edge_name, self._edges)]

    def write(self) -> list[str]:
        """The common table expressions of the branch, in order."""
        sides = [f"{name} AS ({sql})" for name, sql in self._sequences.items()]
        sides += [self._write_aggregates(self._edge_name(only), kept, only) for only, kept in self._edges.items()]
        own = [self._write_aggregates(self.name, self._aggregates)] if self._aggregates else []
        kinds = [self._write_dictionary()] if self._asks_kinds else []
        return [*kinds, self._write_seen(), self._write_pairs(), *own, *sides]

    @property
    def _asks_kinds(self) -> bool:
        """Whether anything is asked of an event's kind."""
        return bool(self._dictionary) or self.events.names_kinds

    def _words(self) -> list[tuple[str, list[tuple[str, int]]]]:
        per = WORD_BITS // self.lane
        found = []
        for window, lanes in self._lanes.items():
            for word in range(-(-len(lanes.conditions) // per)):
                part = lanes.conditions[word * per : (word + 1) * per]
                terms = [(condition, 1 << (lane * self.lane)) for lane, condition in enumerate(part)]
                found.append((self._word(window, word), terms))
        return found

    def _write_dictionary(self) -> str:
        columns = [f"{sql} AS {name}" for sql, name in self._dictionary.items()]
        inner = f"SELECT {', '.join(['kind_no', 'source', 'type', *columns])} FROM event_kinds"
        return f"{self.name}_kinds AS MATERIALIZED (SELECT {', '.join(['*', *self._write_words()])} FROM ({inner}))"

    def _write_words(self) -> list[str]:
        """Each word of lanes as far as an event's kind says it."""
        return [f"{_packed([t for t in terms if _in_dictionary(t[0])])} AS {name}" for name, terms in self._words()]

    def _write_seen(self) -> str:
        kept = "MATERIALIZED" if self.few and len(self.relations) > 1 else "NOT MATERIALIZED"
        return f"{self.name}_seen AS {kept} ({self.events.seen(self.leads, self._seen())})"

    def _write_pairs(self) -> str:
        computed = [*self._conditions.values(), *((name, sql) for sql, name in self._computed.items())]
        columns = [f"{sql} AS {name}" for name, sql in computed]
        source = f"SELECT {', '.join(['e.*', *self._write_words()])} FROM {self.name}_seen e"
        if self._asks_kinds:
            source = f"SELECT e.*, d.* FROM {self.name}_seen e JOIN {self.name}_kinds d ON d.kind_no = e.kind"
        inner = f"SELECT {', '.join(['*', *columns])} FROM (\n  {source})"
        hard = [(name, [t for t in terms if not _in_dictionary(t[0])]) for name, terms in self._words()]
        replaced = [f"{name} + {_packed(terms)} AS {name}" for name, terms in hard if terms]
        stars = f"* REPLACE ({', '.join(replaced)})" if replaced else "*"
        return f"{self.name}_pairs AS NOT MATERIALIZED (SELECT {stars} FROM (\n  {inner}))"

    def _seen(self) -> str:
        tests = [f"{RECEIVED} <= s.known", f"{OCCURRED} < s.a"]
        if None not in self.reach and self.reach:
            tests.append(f"{OCCURRED} >= s.a - {max(window for window in self.reach if window is not None)}")
        if self.hidden:
            tests.append("(e.superseded_at IS NULL OR epoch_us(e.superseded_at) > s.known)")
        return " AND ".join(tests)

    def _write_aggregates(self, name: str, aggregates: dict[str, str], only: str = "") -> str:
        columns = [f"{sql} AS {column}" for sql, column in aggregates.items()]
        body, where = ",\n    ".join(["row_no", *columns]), f" WHERE {only}" if only else ""
        return f"{name} AS (SELECT {body}\n  FROM {self.name}_pairs{where} GROUP BY row_no)"


def _in_dictionary(condition: str) -> bool:
    return not condition or condition.startswith("k")


def _packed(terms: list[tuple[str, int]]) -> str:
    parts = [f"CASE WHEN {condition} THEN {bit} ELSE 0 END" if condition else str(bit) for condition, bit in terms]
    return f"CAST({' + '.join(parts) or '0'} AS BIGINT)"
