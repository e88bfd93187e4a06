import re

import pytest

from app.components import glossary
from core.kernel.settings import PROJECT_ROOT


def asked() -> set[str]:
    sources = [path for room in ("app", "pages") for path in (PROJECT_ROOT / room).rglob("*.py")]
    return {name for path in sources for name in re.findall(r'\bterm\("(\w+)"\)', path.read_text())}


def test_every_term_that_a_page_asks_for_is_there():
    assert asked() - set(glossary.terms()) == set()


def test_terms_are_in_order_and_one_sentence_each():
    names = list(glossary.terms())
    assert names == sorted(names)
    assert all(text.endswith(".") and "\n" not in text for text in glossary.terms().values())


def test_an_unknown_term_is_an_error():
    with pytest.raises(KeyError):
        glossary.term("no_such_term")
