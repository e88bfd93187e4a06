"""Which account a lead belongs to, and which leads an account has, as known at each row's time."""

FIRST_US = -(2**63) + 1
_RANK = (
    f"struct_pack(o := m.origin = 'leads', v := coalesce(epoch_us(m.valid_from), {FIRST_US}),"
    f" r := coalesce(epoch_us(m.received_at), {FIRST_US}), i := a.account_id, n := m.account_no)"
)
SPELLS = f"""spells AS MATERIALIZED (SELECT lead_no, best.n AS account_no, known_from,
    lead(known_from) OVER (PARTITION BY lead_no ORDER BY known_from) AS known_until
  FROM (SELECT DISTINCT lead_no, known_from, max(rank) OVER (PARTITION BY lead_no ORDER BY known_from) AS best
    FROM (SELECT m.lead_no, coalesce(epoch_us(m.received_at), {FIRST_US}) AS known_from, {_RANK} AS rank
      FROM lead_accounts m JOIN accounts a USING (account_no))))"""


def members(name: str, others: bool) -> str:
    """The relation of the leads of each row's account as known at its time, without its own lead if `others`."""
    own = " AND m.lead_no <> s.lead_no" if others else ""
    return f"""{name} AS MATERIALIZED (SELECT s.row_no, m.lead_no, s.a, s.known FROM spine_rows s
  JOIN spells o ON o.lead_no = s.lead_no AND {_held("o")}
  JOIN spells m ON m.account_no = o.account_no AND {_held("m")}{own})"""


def _held(spell: str) -> str:
    return f"{spell}.known_from <= s.known AND ({spell}.known_until IS NULL OR s.known < {spell}.known_until)"
