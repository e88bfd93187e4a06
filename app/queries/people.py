"""Who the leads are, as far as the person looking may see: name, company, region."""

from collections.abc import Sequence

import polars as pl
import polars.selectors as cs

from app.queries.access import database
from core.governance.masking import MASK, mask
from core.governance.permissions import Role
from core.signals.store_pages import SignalPages

WORDS = {
    "person": ("contact_name", "full_name", "first_name", "last_name"),
    "company": ("company", "company_name", "account_name", "organisation", "organization", "account"),
    "region": ("region", "country", "territory", "market"),
    "segment": ("segment", "customer_segment", "industry", "specialization"),
}
MOST_NAMED = 20_000


def cards(lead_ids: Sequence[str], role: Role) -> pl.DataFrame:
    """lead_id, lead (name or id), company, region, segment; names only for stores of up to 20,000 decided leads."""
    named = len(lead_ids) <= MOST_NAMED
    wanted = [name for kind, names in WORDS.items() for name in names if named or kind != "person"]
    everything = [name for names in WORDS.values() for name in names]
    found = _wide(SignalPages(database()).attributes(lead_ids, _present(wanted)), everything)
    seen = mask(found, role).with_columns(cs.string().exclude("lead_id").replace(MASK, None))
    people = pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}).join(seen, on="lead_id", how="left")
    return people.select(
        "lead_id",
        pl.coalesce(_person(), "lead_id").alias("lead"),
        *(pl.coalesce(WORDS[kind]).alias(kind) for kind in ("company", "region", "segment")),
    )


def _present(wanted: Sequence[str]) -> list[str]:
    """The names as this store spells them: attributes are matched without regard to case and blanks."""
    types = SignalPages(database()).attribute_types()["name"].to_list()
    return [name for name in types if _plain(name) in wanted]


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _wide(found: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    plain = {name: _plain(name) for name in found["name"].unique()}
    named = found.with_columns(pl.col("name").replace(plain))
    columns = pl.DataFrame({"name": names}, schema={"name": pl.String})
    cells = named.select("lead_id", "name", "value")
    wide = cells.pivot("name", index="lead_id", on_columns=columns["name"], values="value", aggregate_function="first")
    return wide if wide.height else pl.DataFrame(schema={"lead_id": pl.String} | dict.fromkeys(names, pl.String))


def _person() -> pl.Expr:
    parts = pl.concat_str("first_name", "last_name", separator=" ", ignore_nulls=True)
    return pl.coalesce("contact_name", "full_name", pl.when(parts != "").then(parts))
