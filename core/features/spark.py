"""The statement of a build in Spark's dialect: the same text through sqlglot, over tables of the same names.

Spark reads `events`, `event_kinds`, `leads`, `lead_merges`, `lead_accounts`, `accounts`, `attributes`
and `spine_rows` (row_no, lead_no, a, known; microseconds since 1970), its session's time zone being UTC. Sums of 64-bit
terms are made in DECIMAL(38, 0), since Spark's own would overflow where DuckDB's grow.
"""

import sqlglot
from sqlglot import exp

from core.features.document import FeatureSet
from core.features.errors import NotPortable
from core.features.sample import statement
from core.kernel.database import Database

_WIDE = exp.DataType.build("DECIMAL(38, 0)", dialect="spark")


def spark_statement(db: Database, feature_set: FeatureSet) -> str:
    """The Spark SQL of a set on this store, which needs a column in the log for every property that it reads.

    Raises NotPortable, AttributeUnknown and AttributePersonal.
    """
    return translated(statement(db, feature_set), feature_set.name)


def translated(sql: str, name: str) -> str:
    """A build's DuckDB statement as Spark SQL; `name` is the set's, for the refusal. Raises NotPortable."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    if json := tree.find(exp.JSONExtract):
        raise NotPortable(name, "spark", ", ".join(sorted({one.name for one in json.find_all(exp.Literal)})))
    for common in tree.find_all(exp.CTE):
        common.set("materialized", None)
    for select in list(tree.find_all(exp.Select)):
        _without_replace(select)
    return tree.transform(_in_spark).sql(dialect="spark", pretty=True)


def _without_replace(select: exp.Select) -> None:
    """`* REPLACE (x AS a)` as `* EXCEPT (a), x AS a`."""
    for star in [one for one in select.expressions if isinstance(one, exp.Star) and one.args.get("replace")]:
        replaced = star.args["replace"]
        names = [exp.to_identifier(one.alias) for one in replaced]
        rest = [one for one in select.expressions if one is not star]
        select.set("expressions", [exp.Star(except_=names), *rest, *replaced])


def _in_spark(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and node.name.lower() == "error":
        return exp.cast(exp.Anonymous(this="raise_error", expressions=node.expressions), "BIGINT")
    if isinstance(node, exp.DataType) and node.is_type("int128"):
        return _WIDE.copy()
    if isinstance(node, exp.Sum) and not isinstance(node.parent, exp.Cast):
        return exp.Sum(this=exp.cast(node.this, _WIDE.copy()))
    if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
        return exp.Anonymous(this="unix_micros", expressions=[exp.cast(node.expressions[0], "TIMESTAMPTZ")])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "enum_code":
        return _place(node.expressions[0])
    return node


def _place(word: exp.Expr) -> exp.Expr:
    """The place of a word among the listed ones, from 0."""
    listed = exp.Array(expressions=word.args["to"].expressions)
    found = exp.Anonymous(this="array_position", expressions=[listed, word.this])
    return exp.cast(exp.Sub(this=found, expression=exp.Literal.number(1)), "INT")
