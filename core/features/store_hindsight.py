"""Why a feature's value at a moment is another one by what was learnt later."""

import polars as pl

from core.features.document import Feature
from core.features.lineage import reads
from core.kernel.database import Database
from core.signals.contracts import LATENESS_HOURS

_SUBJECTS = """
CREATE OR REPLACE TEMP TABLE subjects AS
WITH own AS (SELECT c.row_no, c.as_of, i.lead_no FROM changed_rows c JOIN leads l USING (lead_id)
    JOIN identity_at(NULL) o ON o.lead_no = l.lead_no JOIN identity_at(NULL) i ON i.root_no = o.root_no),
others AS (SELECT DISTINCT own.row_no, own.as_of, i.lead_no FROM own JOIN lead_accounts m USING (lead_no)
    JOIN lead_accounts c USING (account_no) JOIN identity_at(NULL) o ON o.lead_no = c.lead_no
    JOIN identity_at(NULL) i ON i.root_no = o.root_no)
SELECT * FROM own WHERE $scope <> 'account_others'
UNION ALL SELECT * FROM others ANTI JOIN own USING (row_no, lead_no) WHERE $scope <> 'lead'
"""
_EVENTS = """
events e USING (lead_no) JOIN event_kinds k USING (kind_no)
WHERE e.occurred_at < s.as_of AND ($reach IS NULL OR e.occurred_at >= s.as_of - to_microseconds(CAST($reach AS BIGINT)))
    AND ($types IS NULL OR list_contains($types, k.type))
    AND ($sources IS NULL OR list_contains($sources, k.source)) AND ($attribute IS NULL)
"""
_WHY = f"""
SELECT row_no, CASE WHEN e.received_at <= e.occurred_at + INTERVAL {LATENESS_HOURS:.0f} HOUR THEN 'late'
    ELSE 'backdated' END AS cause, min(e.received_at) AS known_at FROM subjects s JOIN {_EVENTS}
    AND e.received_at > s.as_of GROUP BY row_no, cause
UNION ALL
SELECT row_no, 'corrected', min(e.superseded_at) FROM subjects s JOIN {_EVENTS}
    AND e.received_at <= s.as_of AND e.superseded_at > s.as_of GROUP BY row_no
UNION ALL
SELECT row_no, 'merged', min(CASE WHEN m.known_from > s.as_of THEN m.known_from ELSE m.known_until END)
FROM subjects s JOIN lead_merges m ON s.lead_no IN (m.from_no, m.into_no)
WHERE m.known_from > s.as_of OR m.known_until > s.as_of GROUP BY row_no
UNION ALL
SELECT row_no, 'attribute', min(a.received_at) FROM subjects s JOIN attributes a USING (lead_no)
WHERE a.name = $attribute AND a.received_at > s.as_of AND coalesce(a.valid_from <= s.as_of, TRUE) GROUP BY row_no
ORDER BY row_no, known_at, cause
"""
_TIMED = "SELECT 1 FROM attributes WHERE name = $name AND received_at IS NOT NULL LIMIT 1"


def causes(db: Database, feature: Feature, rows: pl.DataFrame) -> pl.DataFrame:
    """row_no, cause and known_at (when it was learnt): what was learnt after as_of of the past of these rows.

    `rows` has row_no, lead_id and as_of. A cause is late (an event received within the lateness of a source without a
    contract), backdated (one received later than that), corrected, merged or attribute; a row may have several. An
    event counts where the feature may count it: within its reach, of a lead of its scope. A row whose account only
    gained or lost leads has no cause.
    """
    read = reads(feature)
    listed = {"types": read.types, "sources": read.sources}
    asked = {name: None if found is None else list(found) for name, found in listed.items()}
    with db.scratch() as cursor:
        cursor.load("changed_rows", rows)
        cursor.execute(_SUBJECTS, {"scope": feature.scope})
        return cursor.read(_WHY, asked | {"attribute": feature.attribute, "reach": feature.reach})


def is_timed(db: Database, attribute: str) -> bool:
    """Whether any value of the attribute says when it became known."""
    return db.scalar(_TIMED, {"name": attribute}) is not None
