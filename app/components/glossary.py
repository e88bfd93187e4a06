"""One-line explanations of the field's words, for every `help=`."""

from functools import cache

from core.kernel.settings import PROJECT_ROOT

FILE = PROJECT_ROOT / "data" / "glossary.yaml"


def term(name: str) -> str:
    """The line of a term of data/glossary.yaml; raises KeyError for a term that is not there."""
    return terms()[name]


@cache
def terms() -> dict[str, str]:
    """Every term with its line."""
    import yaml

    return yaml.safe_load(FILE.read_text(encoding="utf-8"))
