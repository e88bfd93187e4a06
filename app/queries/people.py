"""Who the leads are, as far as the person looking may see: name, company, region."""

from collections.abc import Sequence

import polars as pl
import polars.selectors as cs

from app.queries.access import database, may, seen, sees
from core.governance.masking import MASK, holds_address, initials
from core.governance.permissions import Permission, Role
from core.kernel.addresses import without_addresses
from core.signals.store_pages import NUMBERED, SignalPages

WORDS = {
    "person": ("contact_name", "full_name", "first_name", "last_name"),
    "company": ("company", "company_name", "account_name", "organisation", "organization", "account"),
    "region": ("region", "country", "territory", "market"),
    "segment": ("segment", "customer_segment", "industry", "specialization"),
}
MOST_NAMED = 20_000
NO_ADDRESS = (
    "Your role finds nobody by an e-mail address. Such a lead is found by the number that Leads shows (`no-17`), or by "
    "who may reveal personal values."
)


def cards(lead_ids: Sequence[str], role: Role) -> pl.DataFrame:
    """lead_id, ref, lead, company, region, segment; names only for up to 20,000 decided leads.

    lead is the name, else the initials and domain of an id that is an address for who may see names, else the ref;
    of who was erased it is the name told since, or the ref.
    """
    named = len(lead_ids) <= MOST_NAMED
    wanted = [name for kind, names in WORDS.items() for name in names if named or kind != "person"]
    everything = [name for names in WORDS.values() for name in names]
    found = _wide(SignalPages(database()).attributes(lead_ids, _present(wanted)), everything)
    shown = seen(found.drop("lead_id"), role).with_columns(cs.string().replace(MASK, None))
    people = refs(lead_ids).join(shown.with_columns(found["lead_id"]), on="lead_id", how="left")
    return people.select(
        "lead_id",
        "ref",
        pl.coalesce(_person(), *_initials(role), "ref").alias("lead"),
        *(pl.coalesce(WORDS[kind]).alias(kind) for kind in ("company", "region", "segment")),
    )


def refs(lead_ids: Sequence[str]) -> pl.DataFrame:
    """lead_id and ref: the id as screens and page addresses show it, `no-17` where the id is an e-mail address."""
    listed = pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String})
    hidden = listed.filter(holds_address("lead_id"))["lead_id"].to_list()
    if not hidden:
        return listed.with_columns(ref="lead_id")
    known = listed.join(SignalPages(database()).numbers(hidden), on="lead_id", how="left")
    number = pl.coalesce(pl.format(f"{NUMBERED}{{}}", "lead_no"), pl.lit(MASK))
    return known.select("lead_id", ref=pl.when(holds_address("lead_id")).then(number).otherwise("lead_id"))


def id_of(ref: str) -> str:
    """The lead id of a `ref`; any other text is the id itself, but an address is nobody's id for who may not reveal."""
    if without_addresses(ref) != ref and not may(Permission.REVEAL):
        return MASK
    return SignalPages(database()).id_of(ref)


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


def _initials(role: Role) -> list[pl.Expr]:
    may = sees("full_name", role) and sees("lead_id", role)
    if not may:
        return []
    is_known = holds_address("lead_id") & ~pl.col("lead_id").is_in(SignalPages(database()).erased())
    return [pl.when(is_known).then(initials("lead_id"))]


def _person() -> pl.Expr:
    parts = pl.concat_str("first_name", "last_name", separator=" ", ignore_nulls=True)
    return pl.coalesce("contact_name", "full_name", pl.when(parts != "").then(parts))
