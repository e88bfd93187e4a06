"""Stored policy versions: content-addressed rows, their states and actions, and the active pointer."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from core.kernel.canonical import canonical, short
from core.kernel.database import Change, Database
from core.kernel.errors import nearest
from core.policy import parser
from core.policy.document import Document, Policy, content
from core.policy.errors import ParentStale, PolicyDamaged, PolicyUnknown, ReferenceAmbiguous
from core.policy.states import EDITED_AGAIN, State, require

REF = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)@(?:v(?P<version>\d+)|(?P<digits>[0-9a-f]{12,64}))")
VERSIONS = """
    SELECT v.content_hash, v.name, n.version, v.behaviour_hash, s.parent, v.risk_class, v.source, v.created_at,
        s.state, s.entered_at
    FROM policy_versions v
    LEFT JOIN policy_numbers n USING (content_hash)
    JOIN (SELECT content_hash, state, parent, entered_at FROM policy_states
          QUALIFY row_number() OVER (PARTITION BY content_hash ORDER BY seq DESC) = 1) s USING (content_hash)
"""


Reader = Database | Change


@dataclass(frozen=True)
class StoredVersion:
    """One stored version; times are aware UTC; `version` is None until it was published once."""

    content_hash: str
    name: str
    version: int | None
    behaviour_hash: str
    parent: str | None
    risk_class: str
    source: str
    created_at: datetime
    state: State
    entered_at: datetime

    @property
    def ref(self) -> str:
        """`NAME@` and the first 12 digits of the content hash."""
        return f"{self.name}@{short(self.content_hash)}"

    @cached_property
    def policy(self) -> Policy:
        """The policy, read again from its source text; raises PolicyDamaged where the text was altered."""
        policy = parser.load(self.source, self.ref)
        if policy.content_hash != self.content_hash:
            raise PolicyDamaged(self.ref, self.content_hash, policy.content_hash)
        return policy


@dataclass(frozen=True)
class Action:
    """What somebody did to a version; `at` is aware UTC."""

    kind: str
    actor: str
    at: datetime
    comment: str | None


class PolicyStore:
    """Policy versions in the store; writing methods take the change whose transaction they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_draft(self, change: Change, policy: Policy, actor: str) -> StoredVersion:
        """Keep the version as a draft; one that was discarded or sent back becomes a draft with a new parent.

        A version that is already further on its way stays where it is; who drafted it before is not noted again.
        """
        state = self._state(change, policy.content_hash)
        if state is None:
            self._insert(change, policy)
        if state is None or state in EDITED_AGAIN:
            self._enter(change, policy.content_hash, State.DRAFT, self._parent(change, policy))
        again = state is State.DRAFT and self._drafted_by(change, policy, actor)
        if state in (None, State.DRAFT, *EDITED_AGAIN) and not again:
            self.record_action(change, policy.content_hash, "drafted", actor)
        return self.get(policy.content_hash, change)

    def _drafted_by(self, change: Change, policy: Policy, actor: str) -> bool:
        return any((one.kind, one.actor) == ("drafted", actor) for one in self.actions(policy.content_hash, change))

    def put_bootstrapped(self, change: Change, policy: Policy, actor: str) -> StoredVersion:
        """Keep and activate the shipped policy on a store where nothing of its name is active."""
        if self._state(change, policy.content_hash) is None:
            self._insert(change, policy)
        self._enter(change, policy.content_hash, State.PUBLISHED, None)
        self.record_action(change, policy.content_hash, "bootstrapped", actor)
        self.set_active(change, policy.name, policy.content_hash, expected=None)
        return self.get(policy.content_hash, change)

    def record_action(
        self, change: Change, content_hash: str, kind: str, actor: str, comment: str | None = None
    ) -> None:
        """Note who did what to the version."""
        change.execute(
            "INSERT INTO policy_actions SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ? FROM policy_actions",
            [content_hash, kind, actor, self._now(), comment],
        )

    def set_state(self, change: Change, content_hash: str, target: State) -> None:
        """Move the version to another release state; raises TransitionRefused where there is no such way."""
        stored = self.get(content_hash, change)
        require(stored.ref, stored.state, target)
        self._enter(change, content_hash, target, stored.parent)

    def set_active(self, change: Change, name: str, content_hash: str, *, expected: str | None) -> int:
        """Make the version the active one where `expected` is active now, and number it; its number.

        Raises ParentStale where another version is active by now.
        """
        found = self.active_hash(name, change)
        if found != expected:
            raise ParentStale(name, expected, found)
        change.execute("DELETE FROM policy_active WHERE name = ?", [name])
        change.execute("INSERT INTO policy_active VALUES (?, ?)", [name, content_hash])
        return self._number(change, name, content_hash)

    def get(self, ref: str, reader: Reader | None = None) -> StoredVersion:
        """The version of a full hash, `NAME@` + 12 digits or more, `NAME@vN`, or a name's active version.

        Raises PolicyUnknown or ReferenceAmbiguous.
        """
        source = reader or self._database
        found = [_stored(row) for row in self._find(ref, source).iter_rows(named=True)]
        if not found:
            known = source.read("SELECT DISTINCT name FROM policy_versions")["name"].to_list()
            raise PolicyUnknown(ref, nearest(ref.partition("@")[0], known))
        if len(found) > 1:
            raise ReferenceAmbiguous(ref, [item.content_hash for item in found])
        return found[0]

    def active_hash(self, name: str, reader: Reader | None = None) -> str | None:
        """The content hash of the active version of the name, or None."""
        rows = (reader or self._database).read("SELECT content_hash FROM policy_active WHERE name = ?", [name])
        return rows["content_hash"].item() if rows.height else None

    def active(self, name: str, reader: Reader | None = None) -> StoredVersion | None:
        """The active version of the name, or None."""
        content_hash = self.active_hash(name, reader)
        return self.get(content_hash, reader) if content_hash else None

    def active_names(self) -> list[str]:
        """The names that have an active version, in alphabetical order."""
        return self._database.read("SELECT name FROM policy_active ORDER BY name")["name"].to_list()

    def in_force(self) -> list[Document]:
        """The documents that decide, one a name, in alphabetical order."""
        return [found.policy.document for name in self.active_names() if (found := self.active(name))]

    def history(self, name: str | None = None) -> list[StoredVersion]:
        """All versions, newest first, of one name or all."""
        where = "" if name is None else "WHERE v.name = $name"
        sql = f"{VERSIONS} {where} ORDER BY v.created_at DESC, v.content_hash"
        rows = self._database.read(sql, None if name is None else {"name": name})
        return [_stored(row) for row in rows.iter_rows(named=True)]

    def actions(self, content_hash: str, reader: Reader | None = None) -> list[Action]:
        """What was done to the version, in order."""
        rows = (reader or self._database).read(
            "SELECT kind, actor, acted_at, note FROM policy_actions WHERE content_hash = ? ORDER BY seq",
            [content_hash],
        )
        return [Action(kind, actor, at.replace(tzinfo=UTC), note) for kind, actor, at, note in rows.iter_rows()]

    def _now(self) -> datetime:
        return self._database.clock.now()

    def _state(self, change: Change, content_hash: str) -> State | None:
        sql = "SELECT arg_max(state, seq) FROM policy_states WHERE content_hash = ?"
        state = change.scalar(sql, [content_hash])
        return State(state) if state else None

    def _insert(self, change: Change, policy: Policy) -> None:
        change.execute(
            "INSERT INTO policy_versions VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                policy.content_hash,
                policy.name,
                policy.behaviour_hash,
                policy.document.metadata.risk_class,
                canonical(content(policy.tree)).decode(),
                policy.text,
                self._now(),
            ],
        )

    def _parent(self, change: Change, policy: Policy) -> str | None:
        """The parent that the document names where the store has it under this name, else the active version."""
        named = policy.document.metadata.parent
        sql = "SELECT count(*) FROM policy_versions WHERE content_hash = ? AND name = ?"
        if named and change.scalar(sql, [named, policy.name]):
            return named
        return self.active_hash(policy.name, change)

    def _enter(self, change: Change, content_hash: str, state: State, parent: str | None) -> None:
        change.execute(
            "INSERT INTO policy_states SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ? FROM policy_states",
            [content_hash, state.value, parent, self._now()],
        )

    def _number(self, change: Change, name: str, content_hash: str) -> int:
        known = change.scalar("SELECT version FROM policy_numbers WHERE content_hash = ?", [content_hash])
        if known is not None:
            return known
        number = change.scalar("SELECT coalesce(max(version), 0) + 1 FROM policy_numbers WHERE name = ?", [name])
        change.execute("INSERT INTO policy_numbers VALUES (?, ?, ?)", [content_hash, name, number])
        return number

    def _find(self, ref: str, source: Reader) -> pl.DataFrame:
        match = REF.fullmatch(ref)
        if match is None:
            params = {"ref": ref, "active": self.active_hash(ref, source)}
            return source.read(f"{VERSIONS} WHERE v.content_hash IN ($ref, $active)", params)
        if match["version"]:
            params = {"name": match["name"], "version": int(match["version"])}
            return source.read(f"{VERSIONS} WHERE v.name = $name AND n.version = $version", params)
        params = {"name": match["name"], "start": f"sha256:{match['digits']}"}
        return source.read(f"{VERSIONS} WHERE v.name = $name AND starts_with(v.content_hash, $start)", params)


def _stored(row: dict[str, object]) -> StoredVersion:
    times = {name: row[name].replace(tzinfo=UTC) for name in ("created_at", "entered_at")}  # type: ignore[attr-defined]
    return StoredVersion(**{**row, **times, "state": State(str(row["state"]))})  # type: ignore[arg-type]
