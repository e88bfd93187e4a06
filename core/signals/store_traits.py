"""Traits that events carried, stored as attributes of their leads with both times of the event."""

import json
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from core.kernel.database import Change
from core.signals import store_events
from core.signals.domains import company_domains
from core.signals.event_rows import Prepared
from core.signals.lead_rows import ATTRIBUTE, PERSONAL
from core.signals.raw import ROW
from core.signals.store_events import Landed
from core.signals.store_gates import HELD
from core.signals.store_leads import declare, long_values
from core.signals.trait_rows import Traits

LINKED, TOLD, SEALED = "links", "traits", "personal"
INSERT = """
INSERT INTO attributes (lead_no, name, text, number, flag, moment, sealed, valid_from, received_at, batch_id)
SELECT o.lead_no, v.name, v.text, v.number, v.flag, v.moment, v.sealed, t.valid_from, t.received_at, $batch
FROM trait_values v JOIN trait_rows t USING (row_no) JOIN incoming i USING (row_no) JOIN lead_of o USING (lead_id)
WHERE NOT EXISTS (
    SELECT 1 FROM attributes a WHERE a.lead_no = o.lead_no AND a.name = v.name AND a.valid_from = t.valid_from
       AND a.received_at = t.received_at AND a.text IS NOT DISTINCT FROM v.text
       AND a.number IS NOT DISTINCT FROM v.number AND a.flag IS NOT DISTINCT FROM v.flag
       AND a.moment IS NOT DISTINCT FROM v.moment AND a.sealed IS NOT DISTINCT FROM v.sealed)
ORDER BY o.lead_no, v.name, t.valid_from
"""
NEW_ACCOUNTS = """
INSERT INTO accounts (account_no, account_id)
SELECT (SELECT coalesce(max(account_no), 0) FROM accounts) + row_number() OVER (ORDER BY account_id), account_id
FROM (SELECT DISTINCT domain AS account_id FROM trait_rows SEMI JOIN incoming USING (row_no) WHERE domain IS NOT NULL)
ANTI JOIN accounts USING (account_id)
"""
DOMAIN_ACCOUNTS = """
INSERT INTO lead_accounts (lead_no, account_no, valid_from, received_at, origin, batch_id)
SELECT o.lead_no, a.account_no, min(t.valid_from), min(t.received_at), 'domain', $batch
FROM trait_rows t JOIN incoming i USING (row_no) JOIN lead_of o USING (lead_id)
JOIN accounts a ON a.account_id = t.domain
WHERE NOT EXISTS (SELECT 1 FROM lead_accounts x
    WHERE x.lead_no = o.lead_no AND x.account_no = a.account_no AND x.origin = 'domain')
GROUP BY o.lead_no, a.account_no ORDER BY o.lead_no, a.account_no
"""


@dataclass(frozen=True)
class Said:
    """What records say beside their events: of ids (as `Prepared.links`) and of leads."""

    links: pl.DataFrame | None
    traits: Traits | None


def land_with_events(change: Change, prepared: Prepared, batch_id: str) -> Landed:
    """Write the checked events that the log does not hold yet, with what their records say of ids and of leads."""
    return land_said(change, prepared.rows, Said(prepared.links, prepared.traits), batch_id)


def land_said(
    change: Change, rows: pl.DataFrame, said: Said, batch_id: str, *, live: bool = False, all_new: bool = False
) -> Landed:
    """The same of rows and what was said with them; rows of a source that is held back keep it in their raw text."""
    landed = store_events.land(change, rows, batch_id, said.links, live=live, all_new=all_new)
    if said.traits is not None and landed.accepted:
        land(change, said.traits, batch_id)
    if landed.conflicts["code"].is_in(HELD).any():
        landed = replace(landed, conflicts=_with_said(landed.conflicts, said))
    return landed


def _with_said(rejects: pl.DataFrame, said: Said) -> pl.DataFrame:
    links: dict[int, list[tuple[str, str, str]]] = {}
    if said.links is not None:
        for row, *link in said.links.select(ROW, "from_id", "into_id", "origin").iter_rows():
            links.setdefault(row, []).append((link[0], link[1], link[2]))
    traits = {} if said.traits is None else {row.pop(ROW): row for row in said.traits.rows.iter_rows(named=True)}
    raws = []
    for row, code, raw in rejects.select("row_no", "code", "raw").iter_rows():
        more = {**({LINKED: links[row]} if row in links else {}), **_told(traits.get(row, {}))}
        raws.append(json.dumps(json.loads(raw) | more, default=str, ensure_ascii=False) if code in HELD else raw)
    return rejects.with_columns(pl.Series("raw", raws, dtype=pl.String))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row's attributes by name, and which of them are personal, as the raw text keeps them."""
    own = {name: value for name, value in row.items() if value is not None and name.startswith((ATTRIBUTE, PERSONAL))}
    values = {name.removeprefix(ATTRIBUTE).removeprefix(PERSONAL): value for name, value in own.items()}
    sealed = [name.removeprefix(PERSONAL) for name in own if name.startswith(PERSONAL)]
    return {TOLD: values, **({SEALED: sealed} if sealed else {})} if values else {}


def land(change: Change, traits: Traits, batch_id: str) -> int:
    """Store the traits of the events that this change has just written; the number of values."""
    rows = traits.rows.rename({ROW: "row_no"})
    change.load("trait_rows", rows.select("row_no", "valid_from", "received_at", _domains(traits)))
    change.load("trait_values", long_values(change, rows, traits.attributes))
    declare(change, traits.attributes)
    change.execute(NEW_ACCOUNTS)
    change.execute(DOMAIN_ACCOUNTS, {"batch": batch_id})
    return change.execute(INSERT, {"batch": batch_id})


def _domains(traits: Traits) -> pl.Series:
    """Each row's company domain, of an address or a web site among its traits."""
    plain = {name: name.removeprefix(ATTRIBUTE).removeprefix(PERSONAL) for name in traits.rows.columns}
    sealed = [attribute.name for attribute in traits.attributes if attribute.personal]
    names = [attribute.name for attribute in traits.attributes]
    held = traits.rows.select(pl.col(name).alias(short) for name, short in plain.items() if short != name)
    return company_domains(held, names, sealed, traits.rows["lead_id"]).alias("domain")
