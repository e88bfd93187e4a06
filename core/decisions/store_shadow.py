"""Scores of challengers beside the champion's decisions; no decision reads them."""

import polars as pl

from core.kernel.database import Database
from core.kernel.times import naive

WAITING = """
FROM decisions_latest d ANTI JOIN (SELECT decision_id FROM shadow_scores WHERE model_hash = $challenger) done
    USING (decision_id)
WHERE d.model_hash = $champion AND d.arm <> 'shadow'"""
PAIRS = """
SELECT d.lead_id, d.as_of, d.policy_hash, d.score AS champion, s.score AS challenger, d.band AS champion_band,
    s.band AS challenger_band
FROM shadow_scores s JOIN decisions d USING (decision_id)
WHERE s.model_hash = $challenger AND d.model_hash = $champion
QUALIFY row_number() OVER (PARTITION BY d.lead_id
                           ORDER BY d.as_of DESC NULLS LAST, d.entry_seq DESC, d.leaf_no DESC) = 1
ORDER BY d.lead_id"""


class ShadowStore:
    """The rows of `shadow_scores`: one a decision and challenger, written once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def waiting(self, champion: str, challenger: str, most: int) -> pl.DataFrame:
        """The champion's newest decisions, one a lead, that the challenger has not scored; the latest come first.

        decision_id, lead_id, as_of, known_at, policy_hash, inputs (JSON); both models are named by their hash.
        """
        return self._db.read(
            f"""WITH chosen AS MATERIALIZED (SELECT d.decision_id {WAITING}
                    ORDER BY d.as_of DESC NULLS LAST, d.lead_id LIMIT $most)
                SELECT d.decision_id, d.lead_id, d.as_of, d.known_at, d.policy_hash,
                    json_extract(d.record, '$.inputs')::VARCHAR AS inputs
                FROM decisions d SEMI JOIN chosen USING (decision_id) ORDER BY d.as_of DESC NULLS LAST, d.lead_id""",
            {"champion": champion, "challenger": challenger, "most": most},
        )

    def count_waiting(self, champion: str, challenger: str) -> int:
        """How many there are of them."""
        return self._db.scalar(f"SELECT count(*) {WAITING}", {"champion": champion, "challenger": challenger})

    def pairs(self, champion: str, challenger: str) -> pl.DataFrame:
        """Each lead's newest decision that both scored: lead_id, as_of, policy_hash, score and band by either."""
        return self._db.read(PAIRS, {"champion": champion, "challenger": challenger})

    def add(self, scored: pl.DataFrame, champion: str, challenger: str, actor: str) -> int:
        """Keep decision_id, score, band of the rows that are not there yet; how many those were."""
        with self._db.change("decisions", "challenger.scored", actor) as change:
            change.load("shadow_rows", scored.select("decision_id", "score", "band"))
            fresh = change.read(
                "SELECT r.* FROM shadow_rows r ANTI JOIN (SELECT decision_id FROM shadow_scores WHERE model_hash = ?) "
                "done USING (decision_id)",
                [challenger],
            )
            if fresh.is_empty():
                change.abandon()
                return 0
            moment = pl.lit(naive(self._db.clock.now())).alias("scored_at")
            change.insert("shadow_scores", fresh.with_columns(pl.lit(challenger).alias("model_hash"), moment))
            change.body.update(champion=champion, challenger=challenger, count=fresh.height)
        return fresh.height
