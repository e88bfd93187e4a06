"""What leads were decided over time, thinned to one decision a lead and week."""

import polars as pl

from core.kernel.database import Database

WEEKLY = """
SELECT lead_id, as_of, score AS p, band, arm,
    coalesce(CAST(json_extract(record, '$.explored') AS BOOLEAN), false) AS explored
FROM decisions WHERE as_of IS NOT NULL AND arm <> 'shadow'
QUALIFY row_number() OVER (PARTITION BY lead_id, date_trunc('week', as_of)
                           ORDER BY as_of DESC, entry_seq DESC, leaf_no DESC) = 1
ORDER BY as_of, lead_id
"""


class DecisionCourse:
    """The decisions of a store in the order of time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def weekly(self) -> pl.DataFrame:
        """lead_id, as_of, p (the score), band, arm, explored: the last decision of each lead in each week."""
        return self._db.read(WEEKLY)
