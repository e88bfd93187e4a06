"""The read-only console: one SELECT over published views, built from an allow-list of SQL, with a row limit."""

import threading
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from core.kernel.addresses import ADDRESS, MASK
from core.kernel.database import Cursor, Database
from core.kernel.errors import LeadbenchError, QueryCancelled, did_you_mean

SCHEMA = "published"
MOST_ROWS = 10_000
MOST_CHARACTERS = 20_000
MOST_DEPTH = 60

CLAUSES: frozenset[type[exp.Expr]] = frozenset(
    {
        *(exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join),
        *(exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct),
        *(exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Literal, exp.Star, exp.Null),
        *(exp.Boolean, exp.And, exp.Or, exp.Not, exp.Paren, exp.Tuple, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT),
        *(exp.GTE, exp.In, exp.Between, exp.Like, exp.ILike, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Exists),
        *(exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.DPipe, exp.Case, exp.If, exp.Cast),
        *(exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var, exp.Window, exp.WindowSpec, exp.Filter),
        *(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey),
        *(exp.JSONPathSubscript,),
    }
)
FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    {
        *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Stddev, exp.Variance, exp.ArgMax, exp.ArgMin),
        *(exp.CountIf, exp.Quantile, exp.PercentileCont, exp.ApproxDistinct, exp.Round, exp.Abs, exp.Floor, exp.Ceil),
        *(exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring),
        *(exp.StartsWith, exp.Contains, exp.Extract, exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff, exp.Date),
        *(exp.Year, exp.Month, exp.Day, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue),
        *(exp.LastValue, exp.Ntile, exp.Ln, exp.Exp, exp.Sqrt, exp.TimeToStr, exp.WithinGroup, exp.CurrentTimestamp),
    }
)
ALLOWED = CLAUSES | FUNCTIONS
TEXTS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = $schema AND table_name = $view AND data_type = 'VARCHAR' ORDER BY ordinal_position
"""
ARE_ADDRESSES = "SELECT count(*) > 0 FROM main.leads WHERE contains(lead_id, '@')"
OF_LEADS = ("lead_id", "subject_id", "from_id", "into_id")
MASKED = f"CASE WHEN contains({{0}}, '@') THEN regexp_replace({{0}}, '{ADDRESS}', '{MASK}', 'g') ELSE {{0}} END"
NUMBERED = f"""CASE WHEN contains({{0}}, '@') THEN
    coalesce('no-' || (SELECT lead_no FROM main.leads l WHERE l.lead_id = {{0}}), '{MASK}') ELSE {{0}} END"""
"""How a lead whose id is an address is called, as pages call it, so that it can be counted and joined."""


class QueryForbidden(LeadbenchError):
    """A console query that is more than one SELECT over the published views."""

    code = "query_forbidden"

    def __init__(self, message: str, value: object, remedy: str) -> None:
        super().__init__(message, value=value, remedy=remedy)


class QueryUnreadable(LeadbenchError):
    """A console query that is no SQL."""

    code = "query_unreadable"

    def __init__(self, reason: str) -> None:
        first = reason.splitlines()[0] if reason else "no statement"
        super().__init__(f"The query cannot be read: {first}", remedy="Write one SELECT statement in DuckDB's SQL.")


@dataclass(frozen=True)
class Answer:
    """The rows of a console query; `cut` says that there were more than the limit."""

    rows: pl.DataFrame
    cut: bool


class Running:
    """A console query that may be stopped from another thread."""

    def __init__(self) -> None:
        self._cursor: Cursor | None = None
        self._guard = threading.Lock()
        self._stopped = False

    def cancel(self) -> None:
        """Stop the query; it then ends in a QueryCancelled."""
        with self._guard:
            self._stopped = True
            if self._cursor is not None:
                self._cursor.interrupt()

    def attach(self, cursor: Cursor | None) -> None:
        """Name the cursor that the query runs on, None once it has ended."""
        with self._guard:
            self._cursor = cursor
            if cursor is not None and self._stopped:
                raise QueryCancelled


def views(database: Database) -> dict[str, tuple[str, ...]]:
    """The published views with their columns, by name."""
    columns = database.read(
        "SELECT table_name, list(column_name ORDER BY ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = $schema GROUP BY table_name ORDER BY table_name",
        {"schema": SCHEMA},
    )
    return {name: tuple(names) for name, names in columns.iter_rows()}


def run(database: Database, text: str, limit: int = 1_000, running: Running | None = None) -> Answer:
    """The first `limit` rows of a SELECT over the published views, in which no text holds an e-mail address.

    Addresses are hidden before the query looks, so that none can be compared with or cut in pieces. Raises
    QueryUnreadable, QueryForbidden, UnreadableSql and QueryCancelled.
    """
    most = max(1, min(limit, MOST_ROWS))
    known = views(database)
    sql = checked(text, known)
    running = running or Running()
    with database.scratch() as cursor:
        running.attach(cursor)
        try:
            _hide(cursor, sql, known)
            rows = cursor.read(f"SELECT * FROM ({sql}) AS answer LIMIT {most + 1}")
        finally:
            running.attach(None)
    return Answer(rows.head(most), rows.height > most)


def checked(text: str, known: Collection[str]) -> str:
    """The query as it may run: our own rendering of an allow-listed tree, its tables taken from the published views.

    Raises QueryUnreadable and QueryForbidden.
    """
    try:
        return _published(_parsed(text), known)
    except RecursionError as error:
        raise QueryForbidden("The query is nested too deeply.", None, "Write it with fewer levels.") from error


def _seen(view: str) -> str:
    """The name of what a query reads in a published view's place: one that no query can say."""
    return f"seen {view.lower()}"


def _hide(cursor: Cursor, sql: str, known: Collection[str]) -> None:
    """Make what a checked query reads: the published views without addresses."""
    numbered = OF_LEADS if cursor.scalar(ARE_ADDRESSES) else ()
    for view in (one for one in known if f'"{_seen(one)}"' in sql):
        texts = cursor.read(TEXTS, {"schema": SCHEMA, "view": view})["column_name"]
        hidden = ", ".join(_hidden(one, is_lead=one in numbered) for one in texts)
        replaced = f"REPLACE ({hidden})" if hidden else ""
        cursor.execute(f'CREATE TEMP VIEW "{_seen(view)}" AS SELECT * {replaced} FROM {SCHEMA}."{view}" v')


def _hidden(column: str, *, is_lead: bool) -> str:
    place = f'v."{column}"'
    return f'{(NUMBERED if is_lead else MASKED).format(place)} AS "{column}"'


def _published(tree: exp.Expr, known: Collection[str]) -> str:
    for node in tree.walk():
        _require_allowed(node)
    local = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for cte in list(tree.find_all(exp.CTE)):
        cte.args["alias"].set("this", _local(cte.alias))
    for table in list(tree.find_all(exp.Table)):
        _publish(table, known, local)
    return tree.sql("duckdb", comments=False)


def _local(name: str) -> exp.Identifier:
    """The name of a WITH part: one that no table of the store has, so that it can never mean a table by its scope."""
    return exp.to_identifier(f"with {name.lower()}", quoted=True)


def _parsed(text: str) -> exp.Expr:
    if len(text) > MOST_CHARACTERS:
        raise QueryForbidden(f"The query has {len(text)} characters.", len(text), f"Keep to {MOST_CHARACTERS}.")
    if _nesting(text) > MOST_DEPTH:
        raise QueryForbidden("The query is nested too deeply.", _nesting(text), f"Keep to {MOST_DEPTH} levels.")
    try:
        statements = [tree for tree in parse(text, dialect="duckdb") if tree is not None]
    except SqlglotError as error:
        raise QueryUnreadable(str(error)) from error
    if not statements:
        raise QueryUnreadable("no statement")
    if len(statements) > 1:
        raise QueryForbidden(f"There are {len(statements)} statements.", len(statements), "Write one SELECT.")
    tree = statements[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise QueryForbidden(f"`{tree.key.upper()}` is not a SELECT.", tree.key, "The console only reads.")
    return tree


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        deepest = max(deepest, depth)
    return deepest


def _require_allowed(node: exp.Expr) -> None:
    if type(node) not in ALLOWED:
        name = node.name if isinstance(node, exp.Anonymous) else node.key
        raise QueryForbidden(f"`{name.upper()}` may not be used here.", name, "The console knows plain SELECTs only.")
    if isinstance(node, exp.With) and node.recursive:
        raise QueryForbidden("Recursive queries may not be used here.", "RECURSIVE", "Write it without recursion.")
    if isinstance(node, exp.Select) and (node.args.get("into") or node.args.get("locks")):
        raise QueryForbidden("A SELECT that writes or locks is refused.", node.sql("duckdb"), "The console only reads.")


def _publish(table: exp.Table, known: Collection[str], local: Collection[str]) -> None:
    if not isinstance(table.this, exp.Identifier) or table.catalog or table.db not in ("", SCHEMA):
        raise _unknown(table.sql("duckdb"), known)
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    if not table.db and table.name.lower() in local:
        table.set("this", _local(table.name))
        return
    found = {name.lower(): name for name in known}.get(table.name.lower())
    if found is None:
        raise _unknown(table.name, known)
    table.set("this", exp.to_identifier(_seen(found), quoted=True))
    table.set("db", None)


def _unknown(name: str, known: Collection[str]) -> QueryForbidden:
    remedy = did_you_mean(name, known, f"The views are {', '.join(sorted(known))}.")
    return QueryForbidden(f"`{name}` is not a published view.", name, remedy)
