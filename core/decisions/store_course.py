"""What leads were decided over time, thinned to one decision a lead and week."""

import polars as pl

from core.decisions.arms import ACTED_ON
from core.kernel.database import Database

DECIDED = """
(SELECT d.* EXCLUDE (lead_id), coalesce(r.lead_id, d.lead_id) AS lead_id FROM decisions d
 LEFT JOIN leads l ON l.lead_id = d.lead_id LEFT JOIN identity_at(NULL) i ON i.lead_no = l.lead_no
 LEFT JOIN leads r ON r.lead_no = i.root_no)
"""
"""The decisions under the lead that their id is now: an id that was merged since is another's past."""

WEEKLY = f"""
SELECT lead_id, as_of, score AS p, band, arm,
    coalesce(CAST(json_extract(record, '$.explored') AS BOOLEAN), false) AS explored
FROM {DECIDED} WHERE as_of IS NOT NULL AND arm <> 'shadow'
QUALIFY row_number() OVER (PARTITION BY lead_id, date_trunc('week', as_of)
                           ORDER BY as_of DESC, entry_seq DESC, leaf_no DESC) = 1
ORDER BY as_of, lead_id
"""

ACTED = f"""
SELECT lead_id, coalesce(as_of, known_at) AS moment, policy_hash, action,
    json_extract(record, '$.inputs')::VARCHAR AS inputs
FROM {DECIDED}
WHERE list_contains($arms, arm) AND coalesce(as_of, known_at) IS NOT NULL AND entry_seq <= $until
    AND len(json_keys(record, '$.propensities')) > 0
ORDER BY lead_id, moment, entry_seq, leaf_no
"""

NEWEST = """
SELECT greatest(coalesce(max(entry_seq), 0), (SELECT coalesce(max(retired_seq), 0) FROM decisions_gone)) FROM decisions
"""

LOST = "SELECT count(*) > 0 FROM decisions_gone WHERE entry_seq <= $until AND retired_seq > $until"


class DecisionCourse:
    """The decisions of a store in the order of time, each under the lead that its id is by all that is known."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def weekly(self) -> pl.DataFrame:
        """lead_id, as_of, p (the score), band, arm, explored: the last decision of each lead in each week."""
        return self._db.read(WEEKLY)

    def acted(self, until: int) -> pl.DataFrame:
        """lead_id, moment (naive UTC), policy_hash, action and inputs (JSON) of every decision that people work by.

        Those that say how likely their action was, written up to the ledger's entry `until`.
        """
        return self._db.read(ACTED, {"arms": list(ACTED_ON), "until": until})

    def newest_entry(self) -> int:
        """The ledger's entry of the newest decision, or of the newest deletion of some; 0 where there is none."""
        return int(self._db.scalar(NEWEST))

    def has_lost(self, until: int) -> bool:
        """Whether decisions up to the ledger's entry `until` were deleted after it."""
        return bool(self._db.scalar(LOST, {"until": until}))
