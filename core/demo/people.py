"""Accounts and the people in them: firmographics, the contact, and what nobody sees (persona, intent)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from core.demo import world

GIVEN = (
    "Tara", "Chloe", "Grace", "Lena", "Priya", "Imani", "Mateo", "Farid", "Noah", "Aiko", "Jonas", "Maya",
    "Omar", "Ingrid", "Luca", "Sofia", "Ewan", "Nadia", "Hugo", "Elif", "Kofi", "Yuki", "Anton", "Carmen",
    "Dmitri", "Freya", "Ravi", "Zoe",
)  # fmt: skip
FAMILY = (
    "Rossi", "Berg", "Kim", "Hale", "Duarte", "Farah", "Weber", "Marsh", "Okafor", "Lindqvist", "Tanaka",
    "Novak", "Silva", "Moreau", "Schmidt", "Iyer", "Costa", "Byrne", "Haddad", "Larsen", "Petrov", "Nguyen",
    "Osei", "Castillo", "Brandt",
)  # fmt: skip
COMPANY_FIRST = (
    "Dunmore", "Cobalt", "Lumen", "Orchid", "Glacier", "Northgate", "Redwood", "Pioneer", "Meridian",
    "Juniper", "Harbour", "Silverline", "Kestrel", "Bluefield", "Granite", "Willow", "Summit", "Falcon",
    "Aster", "Marlow", "Cedar", "Halcyon",
)  # fmt: skip
COMPANY_SECOND = (
    "Foods", "Freight", "Schools", "Travel", "Mining", "Energy", "Legal", "Seeds", "Bank", "Robotics",
    "Retail", "Health", "Systems", "Media", "Works", "Logistics", "Labs", "Partners", "Textiles",
    "Insurance",
)  # fmt: skip
HOUR = 3_600_000_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class People:
    """One entry a lead: the visible table and the hidden causes (arrays of the table's length).

    `created` is microseconds since the stream's start; `fit` and `intent` are in log-odds.
    """

    table: pl.DataFrame
    created: np.ndarray
    later: np.ndarray
    persona: np.ndarray
    region: np.ndarray
    fit: np.ndarray
    intent: np.ndarray


def draw(rng: np.random.Generator, leads: int) -> People:
    """Draw `leads` people in about 0.6 as many accounts, oldest first."""
    created = np.sort(arrivals(rng, leads))
    later = created >= world.DRIFT_DAY * DAY
    account = rng.integers(0, max(1, int(leads * 0.6)), leads)
    firm = firms(rng, int(account.max()) + 1)
    region = either(rng, later, world.REGION_SHARES, world.REGION_SHARES_LATER)
    channel = either(rng, later, world.CHANNEL_SHARES, world.CHANNEL_SHARES_LATER)
    persona = either(rng, later, world.PERSONA_SHARES, world.PERSONA_SHARES_LATER)
    seniority = rng.choice(len(world.SENIORITIES), leads, p=world.SENIORITY_SHARES)
    seniority = np.where((persona == 4) & (rng.random(leads) < 0.5), 5, seniority)
    fit = firm.fit[account] + np.array(world.SENIORITY_FIT)[seniority] + np.array(world.CHANNEL_FIT)[channel]
    intent = np.array(world.PERSONA_INTENT)[persona] + 0.4 * firm.intent[account] + rng.normal(0, 0.45, leads)
    table = visible(rng, account, firm, region, channel, seniority)
    return People(table, created, later, persona, region, fit, intent)


@dataclass(frozen=True)
class Firms:
    """One entry an account."""

    name: np.ndarray
    industry: np.ndarray
    employees: np.ndarray
    segment: np.ndarray
    named: np.ndarray
    fit: np.ndarray
    intent: np.ndarray


def firms(rng: np.random.Generator, count: int) -> Firms:
    """Draw accounts: log-normal head counts, an industry, whether sales has named it."""
    employees = np.clip(np.exp(rng.normal(4.9, 1.6, count)), 2, 180_000).astype(np.int64)
    segment = np.digitize(employees, [100, 1000])
    industry = rng.integers(0, len(world.INDUSTRIES), count)
    first, second = rng.integers(0, len(COMPANY_FIRST), count), rng.integers(0, len(COMPANY_SECOND), count)
    name = np.array(COMPANY_FIRST)[first] + np.full(count, " ") + np.array(COMPANY_SECOND)[second]
    size_fit = 0.9 - 0.35 * np.abs(np.log(employees) - 6.0)
    return Firms(
        name, industry, employees, segment,
        (segment == 2) & (rng.random(count) < 0.35),
        size_fit + np.array(world.INDUSTRY_FIT)[industry],
        rng.normal(0, 1, count),
    )  # fmt: skip


def arrivals(rng: np.random.Generator, leads: int) -> np.ndarray:
    """Microseconds from the start at which people become leads: growing slowly, fewer at weekends."""
    days = np.arange(world.DAYS)
    weight = (1 + 0.35 * days / world.DAYS) * np.where(days % 7 >= 5, 0.35, 1.0)
    weight[-1] *= 0.5
    day = rng.choice(days, leads, p=weight / weight.sum())
    hour = np.clip(rng.normal(13.5, 4.0, leads), 0.2, 23.7)
    hour = np.where(day == world.DAYS - 1, hour / 2, hour)
    return day * DAY + (hour * HOUR).astype(np.int64)


def either(rng: np.random.Generator, later: np.ndarray, before: tuple, after: tuple) -> np.ndarray:
    """Draw codes with one set of shares before the drift and another from it on."""
    size = len(later)
    return np.where(later, rng.choice(len(after), size, p=after), rng.choice(len(before), size, p=before))


def visible(
    rng: np.random.Generator,
    account: np.ndarray,
    firm: Firms,
    region: np.ndarray,
    channel: np.ndarray,
    seniority: np.ndarray,
) -> pl.DataFrame:
    """The lead table as a CRM would hold it: gaps, placeholders and contact data included."""
    size = len(account)
    given, family = rng.integers(0, len(GIVEN), size), rng.integers(0, len(FAMILY), size)
    free = rng.random(size) < np.where(seniority == 5, 0.7, 0.14)
    frame = pl.DataFrame(
        {
            "lead_id": np.arange(size) + 10_000,
            "account_id": account + 1_000,
            "company": firm.name[account],
            "industry": np.array(world.INDUSTRIES)[firm.industry[account]],
            "employees": firm.employees[account],
            "region": np.array(world.REGIONS)[region],
            "segment": np.array(world.SEGMENTS)[firm.segment[account]],
            "product_line": rng.choice(world.PRODUCT_LINES, size, p=(0.5, 0.27, 0.16, 0.07)),
            "named_account": firm.named[account],
            "seniority": np.array(world.SENIORITIES)[seniority],
            "lead_source": np.array(world.CHANNELS)[channel],
            "consent": rng.choice(world.CONSENTS, size, p=world.CONSENT_SHARES),
            "free_mail": free,
            "given": np.array(GIVEN)[given],
            "family": np.array(FAMILY)[family],
            "unknown_size": rng.random(size) < 0.06,
            "unknown_industry": rng.random(size) < 0.04,
        }
    )
    return contacts(frame)


def contacts(frame: pl.DataFrame) -> pl.DataFrame:
    """Identifiers as text, the contact's name and e-mail (reserved domains only), and the gaps."""
    host = pl.when("free_mail").then(pl.lit("freemail.example")).otherwise(
        pl.col("company").str.to_lowercase().str.replace_all(" ", "-") + ".example"
    )  # fmt: skip
    return frame.with_columns(
        lead_id=pl.format("ld_{}", "lead_id"),
        account_id=pl.format("acc_{}", "account_id"),
        contact_name=pl.format("{} {}", "given", "family"),
        email=pl.format(
            "{}.{}.{}@{}", pl.col("given").str.to_lowercase(), pl.col("family").str.to_lowercase(), "lead_id", host
        ),
        employees=pl.when("unknown_size").then(None).otherwise("employees"),
        industry=pl.when("unknown_industry").then(pl.lit("Select")).otherwise("industry"),
    ).drop("given", "family", "unknown_size", "unknown_industry")
