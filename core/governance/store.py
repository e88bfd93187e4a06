"""The tables of governance: users, the steps of drafts, approvals of models; records for evidence."""

from datetime import UTC
from typing import Any

import polars as pl

from core.kernel.database import Change, Database


class UserStore:
    """Rows of `users`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, change: Change | None = None) -> list[tuple[Any, ...]]:
        """name, key, role, disabled, added_at (aware UTC), added_by of everybody, by name."""
        rows = (change or self._database).read(
            "SELECT name, name_key, role, disabled, added_at, added_by FROM users ORDER BY name_key"
        )
        return [(*row[:4], row[4].replace(tzinfo=UTC), row[5]) for row in rows.iter_rows()]

    def put(self, change: Change, name: str, key: str, role: str, actor: str) -> None:
        """Add the user, in place of a disabled one of the same key."""
        change.execute("DELETE FROM users WHERE name_key = ?", [key])
        now = self._database.clock.now()
        change.execute("INSERT INTO users VALUES (?, ?, ?, FALSE, ?, ?)", [name, key, role, now, actor])

    def disable(self, change: Change, key: str) -> None:
        """Mark the user as disabled."""
        change.execute("UPDATE users SET disabled = TRUE WHERE name_key = ?", [key])


class DraftStore:
    """Rows of `draft_steps`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, draft_id: str, content_hash: str, actor: str) -> None:
        """Note that the draft has this content now."""
        change.execute(
            "INSERT INTO draft_steps SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ? FROM draft_steps",
            [draft_id, content_hash, actor, self._database.clock.now()],
        )

    def head(self, draft_id: str, change: Change | None = None) -> str | None:
        """The content that the draft has now, or None where there is no such draft."""
        sql = "SELECT arg_max(content_hash, seq) FROM draft_steps WHERE draft_id = ?"
        return (change or self._database).scalar(sql, [draft_id])

    def holding(self, content_hash: str, actor: str) -> str | None:
        """The newest draft that has this content now and got it from this person, or None."""
        sql = """SELECT arg_max(draft_id, seq) FROM draft_steps step
                 WHERE content_hash = ? AND actor = ?
                     AND seq = (SELECT max(seq) FROM draft_steps WHERE draft_id = step.draft_id)"""
        return self._database.scalar(sql, [content_hash, actor])

    def contributors(self, content_hash: str, change: Change | None = None) -> frozenset[str]:
        """Everybody who made this content or an earlier one of the same draft."""
        rows = (change or self._database).read(
            """SELECT DISTINCT earlier.actor FROM draft_steps step
               JOIN draft_steps earlier ON earlier.draft_id = step.draft_id AND earlier.seq <= step.seq
               WHERE step.content_hash = ?""",
            [content_hash],
        )
        return frozenset(rows["actor"])


class ModelApprovalStore:
    """Rows of `model_approvals`, and who trained a model according to the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, model_hash: str, version: str, actor: str, note: str | None) -> None:
        """Note the approval."""
        now = self._database.clock.now()
        change.execute("INSERT INTO model_approvals VALUES (?, ?, ?, ?, ?)", [model_hash, version, actor, now, note])

    def approvers(self, model_hash: str, change: Change | None = None) -> frozenset[str]:
        """Who approved the model."""
        rows = (change or self._database).read("SELECT actor FROM model_approvals WHERE model_hash = ?", [model_hash])
        return frozenset(rows["actor"])

    def trainers(self, model_hash: str, change: Change | None = None) -> frozenset[str]:
        """Everybody whose ledger entry of the models stream brought the model in."""
        rows = (change or self._database).read(
            """SELECT DISTINCT actor FROM ledger
               WHERE stream = 'models' AND kind = 'model.registered' AND contains(body, ?)""",
            [model_hash],
        )
        return frozenset(rows["actor"])

    def all(self) -> pl.DataFrame:
        """Every approval, oldest first: model_hash, version, actor, approved_at, note."""
        return self._database.read("SELECT * FROM model_approvals ORDER BY approved_at, model_hash")


class EvidenceStore:
    """Records as they lie in the store, batch by batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def batches(self) -> list[int]:
        """The ledger entries that hold decisions, in order."""
        return self._database.read("SELECT DISTINCT entry_seq FROM decision_leaves ORDER BY 1")["entry_seq"].to_list()

    def names_addresses(self) -> bool:
        """Whether a record is of a lead whose id is an e-mail address."""
        return bool(self._database.scalar("SELECT count(*) > 0 FROM decisions WHERE contains(lead_id, '@')"))

    def records(self, entry_seq: int) -> list[tuple[int, str, str | None, int | None]]:
        """(leaf number, hash, record, retired_seq) of a batch, in the order of its Merkle tree.

        Of a decision whose time was over the record is None; retired_seq is the ledger entry of its certificate.
        """
        sql = """SELECT l.leaf_no, l.hash, d.record, g.retired_seq FROM decision_leaves l
                LEFT JOIN decisions d ON d.entry_seq = l.entry_seq AND d.leaf_no = l.leaf_no
                LEFT JOIN decisions_gone g ON g.entry_seq = l.entry_seq AND g.leaf_no = l.leaf_no
                WHERE l.entry_seq = ? ORDER BY 1"""
        return self._database.read(sql, [entry_seq]).rows()
