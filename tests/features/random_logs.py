"""Random logs: late, duplicated in time, out of order, several leads and accounts, values of every type."""

import random

from tests.features.oracle import AttributeValue, Event, Log, Membership, Merge, Row

HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 20_000 * DAY
LEADS = ("L1", "L2", "L3", "L4", "L5")
ACCOUNTS = ("acme", "bolt", "coda")
TYPES = ("page_viewed", "form_sent", "order_placed", "login")
SOURCES = ("web", "crm", "product")
AMOUNTS = (0, 1, 2.5, 0.1, -3.75, 1e-7, 12345.678901, 1e13, "12", True, None, 2)
PAGES = ("/pricing", "/pricing/eu", "/home", "1", 1, 1.0, None, "é\n", False, {"a": 1})
PLANS = ("pro", "free", None)
TIDY_AMOUNTS = (0, -0.0, 1, 2.5, 0.1, -3.75, 1e-7, 12345.678901, 1e13, 1e25, None)
TIDY_PAGES = ("/pricing", "/pricing/eu", "/home", "1", "true", "", 'a"b', None, "é\n")


def log_of(seed: int, size: int = 60, grid: int = 6 * HOUR) -> Log:
    """A log on a coarse grid of times, so that windows' edges and ties are hit; some are tidy: one type a property."""
    rng = random.Random(seed)
    tidy = rng.random() < 0.5
    events = [_event(rng, place, grid, tidy) for place in range(rng.randrange(size))]
    members = [_member(rng, grid) for _ in range(rng.randrange(9))]
    attributes = [_attribute(rng, grid) for _ in range(rng.randrange(12))]
    fixed = [AttributeValue("L0", name, value, None, None) for name, value in _SAMPLES.items()]
    merges = [merge for lead in LEADS[3:] if rng.random() < 0.4 for merge in _merges(rng, lead, grid)]
    return Log(tuple(events), tuple(members), tuple(_unique(attributes) + fixed), tuple(merges))


def rows_of(seed: int, count: int = 8, grid: int = 6 * HOUR) -> list[Row]:
    rng = random.Random(seed + 1)
    return [_row(rng, grid) for _ in range(count)]


def _row(rng: random.Random, grid: int) -> Row:
    lead = rng.choice((*LEADS, "nobody"))
    if rng.random() < 0.1:
        return Row(lead, None, rng.choice((None, _moment(rng, grid))))
    as_of = _moment(rng, grid) + rng.choice((0, 0, 1))
    return Row(lead, as_of, rng.choice((None, None, as_of, as_of + DAY, as_of - DAY)))


def _moment(rng: random.Random, grid: int) -> int:
    return START + rng.randrange(40 * DAY // grid) * grid


def _merges(rng: random.Random, lead: str, grid: int) -> list[Merge]:
    """One or two spells, one after the other, in which the lead counts for another that is merged into none."""
    first, end, second = sorted(_moment(rng, grid) for _ in range(3))
    into = [Merge(lead, rng.choice(LEADS[:3]), first, rng.choice((None, end)))]
    again = into[0].known_until is not None and rng.random() < 0.5
    return into + ([Merge(lead, rng.choice(LEADS[:3]), second)] if again else [])


def _event(rng: random.Random, place: int, grid: int, tidy: bool = False) -> Event:
    occurred = _moment(rng, grid)
    delay = rng.choice((0, 0, 0, 1, rng.randrange(20) * grid, rng.randrange(5 * DAY)))
    amounts, pages = (TIDY_AMOUNTS, TIDY_PAGES) if tidy else (AMOUNTS, PAGES)
    given = {"amount": rng.choice(amounts), "page": rng.choice(pages), "plan": rng.choice(PLANS)}
    given["deep"] = rng.choice(({"tier": rng.choice((1, 2, "x"))}, None))
    properties = {key: value for key, value in given.items() if rng.random() < 0.7}
    if rng.random() < 0.2:
        properties["deep.tier"] = rng.choice((7, None))
    return Event(
        event_id=f"e{rng.randrange(10**6)}_{place}",
        lead_id=rng.choice(LEADS),
        source=rng.choice(SOURCES),
        type=rng.choice(TYPES),
        occurred_at=occurred,
        received_at=occurred + delay,
        region=rng.choice(("eu", "us", None)),
        session_id=rng.choice(("s1", "s2", None)),
        properties=properties,
        superseded_at=occurred + delay + rng.randrange(10 * DAY) if rng.random() < 0.15 else None,
    )


def _member(rng: random.Random, grid: int) -> Membership:
    times = (rng.choice((None, _moment(rng, grid))), rng.choice((None, _moment(rng, grid))))
    return Membership(rng.choice(LEADS), rng.choice(ACCOUNTS), *times, rng.choice(("leads", "event", "event")))


_SAMPLES = {"employees": 10.0, "industry": "retail", "partner": True}


def _attribute(rng: random.Random, grid: int) -> AttributeValue:
    name = rng.choice(tuple(_SAMPLES))
    value = {"employees": rng.choice((1.0, 50.0, 0.5)), "industry": rng.choice(("retail", "bank")), "partner": True}[
        name
    ]
    value = rng.random() < 0.5 if name == "partner" else value
    times = (rng.choice((None, _moment(rng, grid))), rng.choice((None, _moment(rng, grid))))
    return AttributeValue(rng.choice(LEADS), name, value, *times)


def _unique(attributes: list[AttributeValue]) -> list[AttributeValue]:
    return list(dict.fromkeys(attributes))
