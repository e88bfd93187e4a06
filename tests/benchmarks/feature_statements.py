"""42 features as a document, and two statements written by hand that compute them over plain tables."""

from collections.abc import Iterator
from pathlib import Path

DAY = 86_400_000_000
FEATURES = """
n_all count all
n_1d count 1d
n_7d count 7d
n_30d count 30d
n_web_30d count 30d source = 'web'
n_mobile_30d count 30d source = 'mobile'
n_crm_90d count 90d source = 'crm'
n_product_7d count 7d source = 'product'
n_third_party_90d count 90d source = 'third_party'
n_page_view_7d count 7d type = 'page_view'
n_pricing_7d count 7d type = 'pricing_view'
n_form_30d count 30d type = 'form_submit'
n_email_click_30d count 30d type = 'email_click'
n_login_30d count 30d type = 'login'
n_purchase_all count all type = 'purchase'
n_long_views_30d count 30d type = 'page_view' AND duration >= 60
has_meeting_90d exists 90d type = 'meeting'
purchase_amount_90d sum:amount 90d type = 'purchase'
amount_all sum:amount all
amount_mean_90d mean:amount 90d
amount_max_all max:amount all
duration_mean_30d mean:duration 30d
page_view_duration_7d sum:duration 7d type = 'page_view'
call_duration_min_30d min:duration 30d type = 'call'
pages_30d distinct:page 30d
types_7d distinct:type 7d
sources_90d distinct:source 90d
active_days_30d active_days 30d
active_days_90d active_days 90d
days_since_last days_since_last all
days_since_purchase days_since_last all type = 'purchase'
tenure_days days_since_first all
decayed_n decayed_count all
decayed_amount_90d decayed_sum:amount 90d
velocity_7_21 velocity 7d
pricing_then_form_30d followed_by 30d type = 'pricing_view' THEN type = 'form_submit'
click_then_login_90d followed_by 90d type = 'email_click' THEN type = 'login'
gap_mean_30d gap_mean 30d
last_purchase_amount last:amount all type = 'purchase'
others_n_30d count@account_others 30d
others_amount_30d sum:amount@account_others 30d
others_leads_30d distinct:lead_id@account_others 30d
"""


def _listed() -> Iterator[tuple[str, str, str, str, str, str]]:
    """Each feature's name, aggregate, field, scope, window and condition."""
    for line in FEATURES.strip().splitlines():
        name, what, window, *where = line.split(" ", 3)
        what, _, scope = what.partition("@")
        aggregate, _, of = what.partition(":")
        yield name, aggregate, of, scope or "lead", window, where[0] if where else ""


def document() -> str:
    """The features as the product's document."""
    lines = []
    for name, aggregate, of, scope, window, where in _listed():
        where, _, then = where.partition(" THEN ")
        keys = {"name": name, "aggregate": aggregate, "window": window, "scope": scope}
        keys |= {"of": of} if of else {}
        keys |= {"where": f'"{where}"'} if where else {}
        keys |= {"then": f'"{then}"', "within": "3d"} if then else {}
        keys |= {"half_life": "7d"} if aggregate.startswith("decayed") else {}
        keys |= {"against": "21d"} if aggregate == "velocity" else {}
        lines.append("  - {" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}")
    return "schema: leadbench/features/v1\nname: f42\nfeatures:\n" + "\n".join(lines) + "\n"


def tables(events: Path, spine: Path) -> Iterator[str]:
    """Statements that make `plain` and `plain_spine` with text keys, and `ordered` and `spine` with integer keys."""
    yield f"CREATE TABLE plain AS SELECT * FROM read_parquet('{events}')"
    accounts = "(SELECT lead_id, any_value(account_id) AS account_id FROM plain GROUP BY lead_id)"
    yield (
        "CREATE TABLE plain_spine AS SELECT s.*, account_id"
        f" FROM read_parquet('{spine}') s LEFT JOIN {accounts} USING (lead_id)"
    )
    for name, column in (("lead", "lead_id"), ("account", "account_id"), ("page", "page")):
        yield (
            f"CREATE TABLE {name}_numbers AS SELECT {column}, CAST(row_number() OVER (ORDER BY {column}) AS INTEGER)"
            f" AS {name}_no FROM (SELECT DISTINCT {column} FROM plain WHERE {column} IS NOT NULL)"
        )
    yield (
        "CREATE TABLE kinds AS SELECT source, type, CAST(row_number() OVER () AS SMALLINT) AS kind_no"
        " FROM (SELECT DISTINCT source, type FROM plain)"
    )
    yield """CREATE TABLE ordered AS
        SELECT lead_no, account_no, kind_no, epoch_us(occurred_at) AS t, epoch_us(received_at) AS k, amount, duration,
            page_no, CAST(event_id AS BIGINT) AS id
        FROM plain JOIN lead_numbers USING (lead_id) JOIN account_numbers USING (account_id)
            JOIN kinds USING (source, type) LEFT JOIN page_numbers USING (page)
        ORDER BY lead_no, t"""
    yield """CREATE TABLE spine AS SELECT row_no, lead_no, account_no, epoch_us(as_of) AS a FROM plain_spine
        LEFT JOIN lead_numbers USING (lead_id) LEFT JOIN account_numbers USING (account_id)"""


def _value(aggregate: str, of: str, test: str, window: str) -> str:
    age = "epoch_us(s.as_of) - epoch_us(e.occurred_at)"
    only = f" FILTER (WHERE {test})" if test else ""
    near = f" FILTER (WHERE {' AND '.join(part for part in (test, f'{age} <= {7 * DAY}') if part)})"
    decay = f"pow(0.5, ({age}) / {7 * DAY}e0)"
    return {
        "count": f"count(*){only}",
        "exists": f"count(*){only} > 0",
        "sum": f"coalesce(sum(e.{of}){only}, 0)",
        "mean": f"avg(e.{of}){only}",
        "min": f"min(e.{of}){only}",
        "max": f"max(e.{of}){only}",
        "distinct": f"count(DISTINCT e.{of}){only}",
        "active_days": f"count(DISTINCT CAST(e.occurred_at AS DATE)){only}",
        "days_since_last": f"min({age}){only} / {DAY}e0",
        "days_since_first": f"max({age}){only} / {DAY}e0",
        "decayed_count": f"coalesce(sum({decay}){only}, 0)",
        "decayed_sum": f"coalesce(sum(e.{of} * {decay}){only}, 0)",
        "velocity": f"((count(*){near} + 1) / 7e0) / ((count(*) - count(*){near} + 1) / 21e0)",
        "gap_mean": f"CASE WHEN count(*) > 1 THEN (max({age}) - min({age})) / {DAY}e0 / (count(*) - 1) END",
        "last": f"arg_max(e.{of}, (e.occurred_at, e.received_at, e.event_id)){only}",
        "followed_by": "count(*)",
    }[aggregate]


def plain() -> str:
    """One range join over the plain table for each scope and window, and one for each sequence."""
    groups: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    for name, aggregate, of, scope, window, where in _listed():
        alone = name if aggregate in ("followed_by", "velocity") else ""
        test = where.replace("type", "e.type").replace("source", "e.source").replace("duration", "e.duration")
        value = _value(aggregate, of, "" if aggregate == "followed_by" else test, window)
        groups.setdefault((scope, window, alone, test if aggregate == "followed_by" else ""), []).append(
            (name, value, "0" if aggregate in ZERO else "FALSE" if aggregate == "exists" else "NULL")
        )
    joins = [_group(key, f"g{place}", values) for place, (key, values) in enumerate(groups.items())]
    columns = [
        f"coalesce(g{place}.{name}, {empty}) AS {name}" if empty != "NULL" else f"g{place}.{name}"
        for place, values in enumerate(groups.values())
        for name, _, empty in values
    ]
    columns = [c.replace("velocity_7_21, 0)", f"velocity_7_21, {21 / 7}e0)") for c in columns]
    left = " ".join(f"LEFT JOIN g{place} USING (row_no)" for place in range(len(groups)))
    return f"WITH {', '.join(joins)} SELECT s.row_no, {', '.join(columns)} FROM plain_spine s {left}"


ZERO = ("count", "sum", "distinct", "active_days", "decayed_count", "decayed_sum", "velocity", "followed_by")


def _group(key: tuple[str, ...], name: str, values: list[tuple[str, str, str]]) -> str:
    scope, window, alone, sequence = key
    on = "e.lead_id = s.lead_id" if scope == "lead" else "e.account_id = s.account_id AND e.lead_id <> s.lead_id"
    days = 28 if alone == "velocity_7_21" else None if window == "all" else int(window[:-1])
    reach = "" if days is None else f" AND e.occurred_at >= s.as_of - INTERVAL {days} DAY"
    if sequence:
        first, _, then = sequence.partition(" THEN ")
        reach += f""" AND {first} AND EXISTS (FROM plain b WHERE b.lead_id = e.lead_id AND {then.replace("e.", "b.")}
            AND b.occurred_at > e.occurred_at AND b.occurred_at <= e.occurred_at + INTERVAL 3 DAY
            AND b.occurred_at < s.as_of AND b.received_at <= s.as_of)"""
    columns = ", ".join(f"{sql} AS {column}" for column, sql, _ in values)
    return f"""{name} AS (SELECT s.row_no, {columns} FROM plain_spine s JOIN plain e ON {on}
        AND e.occurred_at < s.as_of AND e.received_at <= s.as_of{reach} GROUP BY s.row_no)"""


_TYPES = ("page_view", "pricing_view", "form_submit", "email_click", "login", "purchase", "meeting", "call")
_BEST = f"""
WITH d AS MATERIALIZED (
    SELECT *, 1 + (is_purchase::BIGINT << 15) AS l_all,
        1 + ((source = 'product')::BIGINT << 15) + (is_page_view::BIGINT << 30) + (is_pricing_view::BIGINT << 45)
            AS l_7,
        1 + ((source = 'web')::BIGINT << 15) + ((source = 'mobile')::BIGINT << 30) + (is_form_submit::BIGINT << 45)
            AS l_30,
        is_email_click::BIGINT + (is_login::BIGINT << 15) AS l_30b,
        (source = 'crm')::BIGINT + ((source = 'third_party')::BIGINT << 15) + (is_meeting::BIGINT << 30) AS l_90,
        1::BIGINT << (dense_rank() OVER (ORDER BY type) - 1) AS type_bit,
        1::BIGINT << (dense_rank() OVER (ORDER BY source) - 1) AS source_bit
    FROM (SELECT *, {", ".join(f"type = '{kind}' AS is_{kind}" for kind in _TYPES)} FROM kinds)),
p AS (
    SELECT s.row_no, s.a - e.t AS age, e.t, e.k, e.id, e.amount, e.duration, 1::BIGINT << e.page_no AS page_bit,
        e.t // {DAY} AS day, 1::BIGINT << (e.t // {DAY} % 62) AS day_bit, exp((s.a - e.t) * -ln(2) / {7 * DAY}e0) AS w,
        d.* REPLACE (l_30b + CASE WHEN is_page_view AND duration >= 60 THEN {1 << 30} ELSE 0 END AS l_30b)
    FROM ordered e JOIN {{{{whole}}}} s ON e.lead_no = s.lead_no AND e.k <= s.a AND e.t < s.a
        JOIN d ON d.kind_no = e.kind_no),
own AS (
    SELECT row_no, sum(l_all)::BIGINT AS c_all, count(CASE WHEN age <= {DAY} THEN 1 END) AS c_1,
        sum(CASE WHEN age <= {7 * DAY} THEN l_7 ELSE 0 END)::BIGINT AS c_7,
        sum(CASE WHEN age <= {30 * DAY} THEN l_30 ELSE 0 END)::BIGINT AS c_30,
        sum(CASE WHEN age <= {30 * DAY} THEN l_30b ELSE 0 END)::BIGINT AS c_30b,
        sum(CASE WHEN age <= {90 * DAY} THEN l_90 ELSE 0 END)::BIGINT AS c_90,
        count(CASE WHEN age <= {28 * DAY} THEN 1 END) AS c_28,
        sum(CASE WHEN is_purchase AND age <= {90 * DAY} THEN amount END) AS bought, sum(amount) AS amounts,
        avg(CASE WHEN age <= {90 * DAY} THEN amount END) AS amount_mean, max(amount) AS amount_max,
        avg(CASE WHEN age <= {30 * DAY} THEN duration END) AS duration_mean,
        sum(CASE WHEN is_page_view AND age <= {7 * DAY} THEN duration END) AS viewed,
        min(CASE WHEN is_call AND age <= {30 * DAY} THEN duration END) AS called,
        bit_or(CASE WHEN age <= {30 * DAY} THEN page_bit END) AS pages,
        bit_or(CASE WHEN age <= {7 * DAY} THEN type_bit END) AS types,
        bit_or(CASE WHEN age <= {90 * DAY} THEN source_bit END) AS sources,
        bit_or(CASE WHEN age <= {30 * DAY} THEN day_bit END) AS days,
        bit_or(CASE WHEN age <= {90 * DAY} AND day % 124 < 62 THEN day_bit END) AS days_even,
        bit_or(CASE WHEN age <= {90 * DAY} AND day % 124 >= 62 THEN day_bit END) AS days_odd,
        min(age) AS newest, min(CASE WHEN is_purchase THEN age END) AS newest_purchase, max(age) AS oldest,
        sum(w) AS decayed, sum(CASE WHEN age <= {90 * DAY} THEN amount * w END) AS decayed_amount,
        max(CASE WHEN age <= {30 * DAY} THEN age END) AS oldest_30,
        arg_max(CASE WHEN is_purchase THEN amount END, CASE WHEN is_purchase THEN (t::HUGEINT << 64) + k END)
            AS last_amount
    FROM p GROUP BY row_no),
{{sequences}},
o AS (
    SELECT row_no, sum(n) AS n, sum(amounts) AS amounts, count(*) AS leads FROM ({{{{others}}}}) GROUP BY row_no)
SELECT s.row_no, {{columns}}
FROM {{{{rows}}}} s LEFT JOIN own ON own.row_no = s.row_no LEFT JOIN q0 ON q0.row_no = s.row_no
    LEFT JOIN q1 ON q1.row_no = s.row_no LEFT JOIN o ON o.row_no = s.row_no
"""


def _sequence(name: str, first: str, then: str, days: int) -> str:
    """A followed by B as an event of its own: at A's time, visible once A and some B in reach are known."""
    log = "ordered e JOIN kinds USING (kind_no) SEMI JOIN {whole} USING (lead_no)"
    part = f"SELECT lead_no, id, t, k FROM {log} WHERE type ="
    return f"""{name} AS (SELECT s.row_no, count(*) AS n FROM (
        SELECT a.lead_no, a.t, greatest(any_value(a.k), min(greatest(b.k, b.t + 1))) AS k
        FROM ({part} '{first}') a JOIN ({part} '{then}') b
            ON a.lead_no = b.lead_no AND b.t > a.t AND b.t <= a.t + {3 * DAY} GROUP BY a.lead_no, a.id, a.t) e
    JOIN {{whole}} s ON e.lead_no = s.lead_no AND e.k <= s.a AND e.t < s.a AND e.t >= s.a - {days * DAY}
    GROUP BY s.row_no)"""


def _lane(word: str, lane: int) -> str:
    return f"coalesce((own.{word} >> {15 * lane}) & 32767, 0)"


_COLUMNS = {
    "n_all": _lane("c_all", 0), "n_1d": "coalesce(c_1, 0)", "n_7d": _lane("c_7", 0), "n_30d": _lane("c_30", 0),
    "n_web_30d": _lane("c_30", 1), "n_mobile_30d": _lane("c_30", 2), "n_crm_90d": _lane("c_90", 0),
    "n_product_7d": _lane("c_7", 1), "n_third_party_90d": _lane("c_90", 1), "n_page_view_7d": _lane("c_7", 2),
    "n_pricing_7d": _lane("c_7", 3), "n_form_30d": _lane("c_30", 3), "n_email_click_30d": _lane("c_30b", 0),
    "n_login_30d": _lane("c_30b", 1), "n_purchase_all": _lane("c_all", 1), "n_long_views_30d": _lane("c_30b", 2),
    "has_meeting_90d": f"{_lane('c_90', 2)} > 0", "purchase_amount_90d": "coalesce(bought, 0)",
    "amount_all": "coalesce(own.amounts, 0)", "amount_mean_90d": "amount_mean", "amount_max_all": "amount_max",
    "duration_mean_30d": "duration_mean", "page_view_duration_7d": "coalesce(viewed, 0)",
    "call_duration_min_30d": "called", "pages_30d": "coalesce(bit_count(pages), 0)",
    "types_7d": "coalesce(bit_count(types), 0)", "sources_90d": "coalesce(bit_count(sources), 0)",
    "active_days_30d": "coalesce(bit_count(days), 0)",
    "active_days_90d": "coalesce(bit_count(days_even), 0) + coalesce(bit_count(days_odd), 0)",
    "days_since_last": f"newest / {DAY}e0", "days_since_purchase": f"newest_purchase / {DAY}e0",
    "tenure_days": f"oldest / {DAY}e0", "decayed_n": "coalesce(decayed, 0)",
    "decayed_amount_90d": "coalesce(decayed_amount, 0)",
    "velocity_7_21": f"(({_lane('c_7', 0)} + 1) / 7e0) / ((coalesce(c_28, 0) - {_lane('c_7', 0)} + 1) / 21e0)",
    "pricing_then_form_30d": "coalesce(q0.n, 0)", "click_then_login_90d": "coalesce(q1.n, 0)",
    "gap_mean_30d": (
        f"CASE WHEN {_lane('c_30', 0)} > 1 THEN (oldest_30 - newest) / {DAY}e0 / ({_lane('c_30', 0)} - 1) END"
    ),
    "last_purchase_amount": "last_amount", "others_n_30d": "coalesce(o.n, 0)",
    "others_amount_30d": "coalesce(o.amounts, 0)", "others_leads_30d": "coalesce(o.leads, 0)",
}  # fmt: skip
_BEST = _BEST.format(
    sequences=", ".join(
        [_sequence("q0", "pricing_view", "form_submit", 30), _sequence("q1", "email_click", "login", 90)]
    ),
    columns=", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items()),
)
_OTHERS = f"""SELECT s.row_no, e.lead_no, count(*) AS n, sum(e.amount) AS amounts
        FROM ordered e JOIN (SELECT s.*, s.a // {30 * DAY} - u.back AS part FROM spine s, (VALUES (0), (1)) u(back)) s
            ON e.account_no = s.account_no AND e.t // {30 * DAY} = s.part AND e.lead_no <> s.lead_no
            AND e.k <= s.a AND e.t < s.a AND e.t >= s.a - {30 * DAY} GROUP BY ALL"""
_OTHERS_OF_FEW = f"""SELECT s.row_no, e.lead_no, count(*) AS n, sum(e.amount) AS amounts
        FROM ordered e JOIN (SELECT r.row_no, r.a, m.lead_no FROM renewed_rows r
            JOIN members m ON m.account_no = r.account_no AND m.lead_no <> r.lead_no) s ON e.lead_no = s.lead_no
            AND e.k <= s.a AND e.t < s.a AND e.t >= s.a - {30 * DAY} GROUP BY ALL"""
BEST = _BEST.format(whole="spine", rows="spine", others=_OTHERS)
"""All columns of all rows."""


def later(events: Path) -> Iterator[str]:
    """Statements that append more events of known leads to `ordered`, and keep what is new in `news`."""
    yield f"""CREATE OR REPLACE TEMP TABLE news AS
        SELECT lead_no, account_no, kind_no, epoch_us(occurred_at) AS t, epoch_us(received_at) AS k, amount, duration,
            page_no, (SELECT max(id) FROM ordered) + row_number() OVER () AS id
        FROM read_parquet('{events}') JOIN lead_numbers USING (lead_id) JOIN account_numbers USING (account_id)
            JOIN kinds USING (source, type) LEFT JOIN page_numbers USING (page)"""
    yield "INSERT INTO ordered BY NAME FROM news ORDER BY lead_no, t"
    yield "CREATE OR REPLACE TEMP TABLE members AS SELECT DISTINCT lead_no, account_no FROM ordered"


def renewal() -> Iterator[str]:
    """Statements that bring `made`, the rows of BEST before `news`, up to date: as few and as plain as they can be."""
    few = _BEST.format(whole="whole_rows", rows="renewed_rows", others=_OTHERS_OF_FEW)
    yield """CREATE OR REPLACE TEMP TABLE whole_rows AS
        FROM spine s SEMI JOIN news n ON n.lead_no = s.lead_no AND n.t < s.a AND n.k <= s.a"""
    yield f"""CREATE OR REPLACE TEMP TABLE renewed_rows AS FROM whole_rows UNION
        FROM spine s SEMI JOIN news n ON n.account_no = s.account_no AND n.lead_no <> s.lead_no
            AND n.k <= s.a AND n.t < s.a AND n.t >= s.a - {30 * DAY}"""
    yield f"CREATE OR REPLACE TEMP TABLE renewed AS {few}"
    others = ", ".join(f"{name} = r.{name}" for name in _COLUMNS if name.startswith("others"))
    yield f"UPDATE made SET {others} FROM renewed r WHERE made.row_no = r.row_no"
    yield "DELETE FROM made WHERE row_no IN (SELECT row_no FROM whole_rows)"
    yield "INSERT INTO made FROM renewed SEMI JOIN whole_rows USING (row_no)"
