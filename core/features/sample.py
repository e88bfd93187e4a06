"""A look at a feature set before it is kept: the statement it compiles to, and its values for a few leads."""

import polars as pl

from core.features.compiler import compile
from core.features.document import FeatureSet
from core.features.engine import build
from core.features.statistics import measured
from core.features.store_moments import closed_leads
from core.kernel.database import Database

SPINE = """
    WITH latest AS (SELECT max(received_at) AS until FROM events),
    active AS (SELECT root_no, max(occurred_at) AS last FROM events JOIN identity_at(NULL) USING (lead_no)
               GROUP BY root_no ORDER BY last DESC, root_no LIMIT $most)
    SELECT l.lead_id, latest.until + INTERVAL 1 MICROSECOND AS as_of
    FROM active JOIN leads l ON l.lead_no = root_no, latest
    ORDER BY active.last DESC, l.lead_id
"""
UNDATED = "SELECT lead_id, CAST(NULL AS TIMESTAMP) AS as_of FROM root_leads ORDER BY lead_no LIMIT $most"


def statement(db: Database, feature_set: FeatureSet) -> str:
    """The one SQL statement of the set on this store; raises AttributeUnknown and AttributePersonal."""
    with db.scratch() as cursor:
        return compile(*measured(cursor, feature_set))


def rows(db: Database, feature_set: FeatureSet, most: int = 20) -> pl.DataFrame:
    """The set's values for the leads that were active last, as of the newest event: lead_id, as_of, the features.

    On a store without events the first leads, undated. Raises AttributeUnknown and AttributePersonal.
    """
    spine = db.read(SPINE, {"most": most})
    if spine.is_empty():
        spine = db.read(UNDATED, {"most": most})
    return build(db, feature_set, spine)


def closed_rows(db: Database, feature_set: FeatureSet, most: int = 1_000) -> pl.DataFrame:
    """The set's values for leads with an outcome, just before it came: lead_id, as_of, outcome, the features.

    The leads are drawn by the hash of their id, the same ones every time. Raises AttributeUnknown, AttributePersonal.
    """
    return build(db, feature_set, closed_leads(db, most))
