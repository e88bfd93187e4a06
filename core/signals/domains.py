"""From a person to a company: the domain of an address or a web site, unless anybody can have an address there."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl

from core.signals.aliases import plain_name
from core.signals.columns import ADDRESS

FREE_FILE = Path(__file__).resolve().parents[2] / "data" / "free_mail.txt"
SITES = ("website", "websiteurl", "companywebsite", "companydomain", "companydomainname", "domain", "emaildomain")
SITE = r"^(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?:[:/].*)?$"


@cache
def free_mail() -> frozenset[str]:
    """The domains where anybody can have an address."""
    lines = FREE_FILE.read_text(encoding="utf-8").split("\n")
    return frozenset(line for line in lines if line and not line.startswith("#"))


def company_domains(
    frame: pl.DataFrame, columns: Sequence[str], personal: Sequence[str], lead_ids: pl.Series
) -> pl.Series:
    """Each row's company domain: of its first e-mail address in a personal column or as id, else of a web site."""
    texts = [frame[name] for name in personal if frame[name].dtype == pl.String]
    addresses = [_address_domain(values) for values in (*texts, lead_ids)]
    sites = [
        _site_domain(frame[name]) for name in columns if plain_name(name) in SITES and frame[name].dtype == pl.String
    ]
    nothing = pl.Series("domain", [None], dtype=pl.String).new_from_index(0, frame.height)
    found = pl.DataFrame([one.alias(str(place)) for place, one in enumerate((*addresses, *sites, nothing))])
    return found.select(pl.coalesce(pl.all()).alias("domain")).to_series()


def _address_domain(values: pl.Series) -> pl.Series:
    lowered = values.str.strip_chars().str.to_lowercase()
    domain = lowered.str.extract(r"^[^@\s]+@([^@\s]+)$")
    return _companies(domain.zip_with(lowered.str.contains(ADDRESS).fill_null(False), domain.clear(len(domain))))


def _site_domain(values: pl.Series) -> pl.Series:
    return _companies(values.str.strip_chars().str.to_lowercase().str.extract(SITE))


def _companies(domains: pl.Series) -> pl.Series:
    free = domains.is_in(list(free_mail())).fill_null(True)
    return domains.zip_with(~free, domains.clear(len(domains)))
