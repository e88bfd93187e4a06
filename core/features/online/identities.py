"""Who a lead is, and whose colleague, as known at a time: merges and memberships of accounts, kept in memory."""

from collections.abc import Iterator, Sequence

import polars as pl

_Spell = tuple[int, int, int]
_Membership = tuple[int, tuple[bool, int, int, str], int]


class Identities:
    """Answers as known at a time in microseconds; readers and the writer take turns."""

    def __init__(self) -> None:
        self._into: dict[int, list[_Spell]] = {}
        self._from: dict[int, list[_Spell]] = {}
        self._memberships: dict[int, list[_Membership]] = {}
        self._candidates: dict[int, set[int]] = {}

    @property
    def has_merges(self) -> bool:
        """Whether any lead has ever counted for another."""
        return bool(self._into)

    def take_merges(self, merges: pl.DataFrame, *, whole: bool) -> None:
        """Add rows of from_no, into_no, known_from, known_until; `whole`: there are no others."""
        if whole:
            self._into, self._from = {}, {}
        for from_no, into_no, known_from, known_until in merges.iter_rows():
            self._into.setdefault(from_no, []).append((known_from, known_until, into_no))
            self._from.setdefault(into_no, []).append((known_from, known_until, from_no))

    def take_accounts(self, accounts: pl.DataFrame, *, whole: bool) -> None:
        """Add rows of lead_no, account_no, account_id, stated, valid_from, known_from; `whole`: there are no others."""
        if whole:
            self._memberships, self._candidates = {}, {}
        for lead_no, account_no, account_id, stated, valid_from, known_from in accounts.iter_rows():
            rank = (stated, valid_from, known_from, account_id)
            self._memberships.setdefault(lead_no, []).append((known_from, rank, account_no))
            self._candidates.setdefault(account_no, set()).add(lead_no)

    def root(self, lead_no: int, known_at: int) -> int:
        """The lead that the lead counts for."""
        if lead_no not in self._into:
            return lead_no
        return next(_held(self._into[lead_no], known_at), lead_no)

    def parts(self, root: int, known_at: int) -> list[int]:
        """The leads that count for the root, itself first."""
        return [root, *_held(self._from[root], known_at)] if root in self._from else [root]

    def colleagues(self, root: int, known_at: int, *, others: bool) -> list[int]:
        """The roots of the leads of the root's account, without its own if `others`; none where it has no account."""
        account = self._account(root, known_at)
        if account is None:
            return []
        roots = {self.root(lead_no, known_at) for lead_no in self._candidates[account]}
        found = [one for one in sorted(roots) if self._account(one, known_at) == account]
        return [one for one in found if one != root] if others else found

    def _account(self, root: int, known_at: int) -> int | None:
        rows = [row for part in self.parts(root, known_at) for row in self._memberships.get(part, ())]
        visible = [(rank, account) for known_from, rank, account in rows if known_from <= known_at]
        return max(visible)[1] if visible else None


def _held(spells: Sequence[_Spell], known_at: int) -> Iterator[int]:
    return (other for known_from, known_until, other in spells if known_from <= known_at < known_until)
