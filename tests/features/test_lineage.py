"""What a feature reads is found in its conditions."""

import pytest

from core.features.lineage import family, reads
from core.features.parser import read

HEAD = "schema: leadbench/features/v1\nname: s\nfeatures:\n"


def lineage(body):
    return reads(read(f"{HEAD}  - {{name: f, {body}}}\n", "s").features[0])


@pytest.mark.parametrize(
    ("where", "types", "sources"),
    [
        ("type = 'a'", ("a",), None),
        ("type IN ('b', 'a') AND source = 'web'", ("a", "b"), ("web",)),
        ("type = 'a' OR type = 'b'", ("a", "b"), None),
        ("type = 'a' OR page = 'x'", None, None),
        ("type <> 'a'", None, None),
        ("NOT type = 'a'", None, None),
        ("type IN ('a', 'b') AND type IN ('b', 'c')", ("b",), None),
        ("page = 'x'", None, None),
    ],
)
def test_types_and_sources_are_those_that_the_condition_lets_through(where, types, sources):
    found = lineage(f'aggregate: count, where: "{where}"')
    assert (found.types, found.sources) == (types, sources)


def test_properties_come_from_of_where_and_then():
    found = lineage('aggregate: followed_by, where: "page = 1", then: "type = \'b\' AND plan IS NULL", within: 1d')
    assert found.properties == ("properties.page", "properties.plan")
    assert lineage("aggregate: sum, of: amount").properties == ("properties.amount",)


def test_an_attribute_feature_reads_its_attribute_and_no_event():
    found = lineage("attribute: employees")
    assert (found.attributes, found.types, found.properties) == (("employees",), (), ())


def test_a_share_reads_every_event_because_it_counts_them_all():
    found = lineage("aggregate: share, where: \"type = 'a' AND source = 'web'\"")
    assert (found.types, found.sources) == (None, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("aggregate: count, where: \"type = 'price_page'\"", "Price seen"),
        ("aggregate: count, where: \"type = 'ask_demo'\"", "Ask demo"),
        ("aggregate: count, where: \"type IN ('ask_demo', 'price_page')\"", "Ask demo and Price seen"),
        ("aggregate: count", "Activity of every kind"),
        ("attribute: region, label: Where from", "Where from"),
    ],
)
def test_a_feature_belongs_to_what_it_is_about(body, words):
    text = f"{HEAD}  - {{name: f, {body}}}\nnames: {{price_page: Price seen}}\n"
    assert family(read(text, "s").features[0]).label == words


def test_what_a_feature_is_about_is_all_of_it_though_its_label_is_short():
    sets = ("'a', 'b'", "'a', 'b', 'c'", "'a', 'b', 'd'")
    bodies = [f'aggregate: count, where: "type IN ({one})"' for one in sets]
    found = [family(read(f"{HEAD}  - {{name: f, {body}}}\n", "s").features[0]) for body in bodies]
    assert [one.label for one in found] == ["A and B", "A, B and 1 more", "A, B and 1 more"]
    assert len(set(found)) == 3
