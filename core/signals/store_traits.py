"""Traits that events carried, stored as attributes of their leads with both times of the event."""

import polars as pl

from core.kernel.database import Change
from core.signals import store_events
from core.signals.domains import company_domains
from core.signals.event_rows import Prepared
from core.signals.lead_rows import ATTRIBUTE, PERSONAL
from core.signals.raw import ROW
from core.signals.store_events import Landed
from core.signals.store_leads import declare, long_values
from core.signals.trait_rows import Traits

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


def land_with_events(change: Change, prepared: Prepared, batch_id: str) -> Landed:
    """Write the checked events that the log does not hold yet, with what their records say of ids and of leads."""
    landed = store_events.land(change, prepared.rows, batch_id, prepared.links)
    if prepared.traits is not None and landed.accepted:
        land(change, prepared.traits, batch_id)
    return landed


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
