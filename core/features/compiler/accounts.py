"""Which account a lead belongs to, and which leads an account has, as known at each row's time."""

from core.features.compiler.identities import SUBJECTS_NAME, held, subjects

FIRST_US = -(2**63) + 1
_KNOWN_FROM = f"coalesce(epoch_us(m.received_at), {FIRST_US})"
_RANK = (
    f"struct_pack(o := m.origin = 'leads', v := coalesce(epoch_us(m.valid_from), {FIRST_US}),"
    f" r := {_KNOWN_FROM}, i := a.account_id, n := m.account_no)"
)
_NEAR = """near_leads AS MATERIALIZED (SELECT lead_no FROM lead_accounts
  SEMI JOIN (SELECT account_no FROM lead_accounts SEMI JOIN spine_rows USING (lead_no)) USING (account_no))"""
_SPELLS = f"""memberships AS MATERIALIZED (SELECT lead_no, count(*) AS n, min(account_no) AS account_no,
    min({_KNOWN_FROM}) AS known_from FROM lead_accounts m{{near}} GROUP BY lead_no),
spells AS MATERIALIZED (SELECT lead_no, account_no, known_from, CAST(NULL AS BIGINT) AS known_until
  FROM memberships WHERE n = 1
  UNION ALL SELECT lead_no, best.n, known_from, lead(known_from) OVER (PARTITION BY lead_no ORDER BY known_from)
  FROM (SELECT DISTINCT lead_no, known_from, max(rank) OVER (PARTITION BY lead_no ORDER BY known_from) AS best
    FROM (SELECT m.lead_no, {_KNOWN_FROM} AS known_from, {_RANK} AS rank FROM lead_accounts m
      JOIN accounts a USING (account_no) SEMI JOIN (SELECT lead_no FROM memberships WHERE n > 1) USING (lead_no))))"""
_CANDIDATES = f"""rows_account AS MATERIALIZED ({{own}}),
candidates AS MATERIALIZED (SELECT DISTINCT r.row_no, r.account_no, r.root_no AS own_no, r.a, r.known,
    coalesce(i.into_no, m.lead_no) AS lead_no
  FROM rows_account r JOIN lead_accounts m ON m.account_no = r.account_no
  LEFT JOIN lead_merges i ON i.from_no = m.lead_no AND {held("i", "r.known")})"""


def shared(merged: bool, *, near: bool) -> list[str]:
    """The common table expressions that every branch over accounts needs.

    `near` says whether the rows are so few that only leads of their accounts are looked at; merged leads always are.
    """
    if not merged:
        return (
            [_NEAR, _SPELLS.format(near=" SEMI JOIN near_leads USING (lead_no)")] if near else [_SPELLS.format(near="")]
        )
    return [_CANDIDATES.format(own=_accounts_of(SUBJECTS_NAME, "root_no, a, known"))]


def members(name: str, others: bool, merged: bool) -> list[str]:
    """The relation of the leads of each row's account as known at its time, without its own lead if `others`."""
    if merged:
        return _merged_members(name, others)
    own = " AND m.lead_no <> s.lead_no" if others else ""
    return [
        f"""{name} AS MATERIALIZED (SELECT s.row_no, m.lead_no, s.a, s.known FROM spine_rows s
  JOIN spells o ON o.lead_no = s.lead_no AND {_held("o")}
  JOIN spells m ON m.account_no = o.account_no AND {_held("m")}{own})"""
    ]


def _held(spell: str) -> str:
    return f"{spell}.known_from <= s.known AND ({spell}.known_until IS NULL OR s.known < {spell}.known_until)"


def _accounts_of(rows: str, keys: str) -> str:
    """The account of each identity by the best membership of all its leads."""
    grouped = ", ".join(f"s.{key}" for key in ["row_no", *keys.split(", ")])
    return (
        f"SELECT {grouped}, max({_RANK}).n AS account_no FROM {rows} s JOIN lead_accounts m ON m.lead_no = s.lead_no"
        f" AND {_KNOWN_FROM} <= s.known JOIN accounts a ON a.account_no = m.account_no GROUP BY {grouped}"
    )


def _merged_members(name: str, others: bool) -> list[str]:
    """Every identity that has had a lead in the account, kept where the account is its own by now; then its leads."""
    other = " AND c.lead_no <> c.own_no" if others else ""
    return [
        subjects(f"{name}_subjects", "candidates"),
        f"{name}_accounts AS MATERIALIZED ({_accounts_of(f'{name}_subjects', 'root_no')})",
        f"""{name} AS MATERIALIZED (SELECT s.row_no, s.root_no, s.lead_no, s.a, s.known FROM {name}_subjects s
  JOIN {name}_accounts o ON o.row_no = s.row_no AND o.root_no = s.root_no
  JOIN candidates c ON c.row_no = s.row_no AND c.lead_no = s.root_no AND c.account_no = o.account_no{other})""",
    ]
