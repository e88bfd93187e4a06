import pytest

from core.features.document import Feature
from core.features.errors import FeatureSetInvalid
from core.features.parser import read
from core.features.schema import EventSchema
from core.features.writer import write
from core.kernel.errors import LeadbenchError

DAY = 86_400_000_000
HEAD = "schema: leadbench/features/v1\nname: sample\nfeatures:\n"


def one(body: str) -> Feature:
    return read(f"{HEAD}  - {{{body}}}\n", "sample.yaml").features[0]


def refusal(body: str) -> LeadbenchError:
    with pytest.raises(LeadbenchError) as caught:
        one(body)
    return caught.value


def test_durations_are_exact_microseconds():
    assert one("name: a, aggregate: count, window: 36h").window == 36 * 3_600_000_000
    assert one("name: a, aggregate: velocity, window: 7d, against: 21d").against == 21 * DAY
    assert one("name: a, aggregate: count").window is None


def test_renaming_or_redescribing_keeps_a_features_hash():
    first = one("name: a, aggregate: count, where: \"type='x'\", window: 7d")
    again = one("name: b, aggregate: count, where: \"type = 'x'\", window: 168h, description: D, owner: o, label: L")
    assert first.behaviour_hash == again.behaviour_hash


@pytest.mark.parametrize(
    "other",
    [
        "name: a, aggregate: count, where: \"type = 'y'\", window: 7d",
        "name: a, aggregate: count, where: \"type = 'x'\", window: 8d",
        "name: a, aggregate: exists, where: \"type = 'x'\", window: 7d",
        "name: a, aggregate: count, scope: account, where: \"type = 'x'\", window: 7d",
    ],
)
def test_a_change_of_meaning_changes_the_hash(other):
    assert (
        one("name: a, aggregate: count, where: \"type = 'x'\", window: 7d").behaviour_hash != one(other).behaviour_hash
    )


def test_a_bare_property_means_the_same_as_its_dotted_name():
    bare, dotted = (one(f"name: a, aggregate: sum, of: {of}") for of in ("amount", "properties.amount"))
    assert bare.behaviour_hash == dotted.behaviour_hash


def test_wording_changes_the_content_hash_only():
    text = HEAD + "  - {name: a, aggregate: count, description: %s}\n"
    first, second = (read(text % words, "f") for words in ("one", "two"))
    assert first.behaviour_hash == second.behaviour_hash
    assert first.content_hash != second.content_hash


def test_a_written_set_reads_back_equal():
    text = """schema: leadbench/features/v1
name: b2b
description: What a lead did
names: {page_viewed: Page visits, "no": "Yes: maybe"}
features:
  - {name: pricing, aggregate: count, where: "type = 'page_viewed' AND page LIKE '/pricing%'", window: 7d, max_age: 4h,
     owner: rev-ops, description: "Visits to a pricing page: the last week."}
  - {name: spend, scope: account_others, aggregate: decayed_sum, of: amount, half_life: 7d, window: 90d}
  - {name: asked, aggregate: followed_by, where: "page = '/pricing'", then: "type = 'demo'", within: 3d, window: 30d}
  - {name: plan, aggregate: last, of: properties.plan, type: category, label: "true"}
  - {name: employees, attribute: employees, type: number}
"""
    found = read(text, "b2b.yaml")
    again = read(write(found), "again.yaml")
    assert again == found
    assert (again.content_hash, again.behaviour_hash) == (found.content_hash, found.behaviour_hash)


@pytest.mark.parametrize(
    ("body", "message", "remedy"),
    [
        ("name: a, aggregate: cuont", "`cuont` is no aggregate", "Did you mean `count`?"),
        ("name: a, aggregate: count, windw: 7d", "no key `windw`", "Did you mean `window`?"),
        ("name: a, aggregate: count, half_life: 7d", "no key `half_life`", ""),
        ("name: a, aggregate: count, window: 7 days", "`7 days`", "`7d`"),
        ("name: a, aggregate: count, window: 0d", "`0d` is out of range", "1s"),
        ("name: a, aggregate: sum", "has no `of`", "sum needs `of`"),
        ("name: a, aggregate: velocity, window: all, against: 7d", "window `all`", "velocity needs a length"),
        ("name: a, aggregate: share", "has no `where`", "share needs `where`"),
        ("name: a, aggregate: sum, of: type", "`type`, which holds no numbers", "distinct"),
        ("name: a, aggregate: count, scope: acount", "`acount` is no scope", "Did you mean `account`?"),
        ("name: a", "needs an `aggregate` or an `attribute`", "exactly one"),
        ("name: a, aggregate: count, attribute: x", "needs an `aggregate` or an `attribute`", "exactly one"),
        ("name: lead_id, aggregate: count", "`lead_id` is a column of every spine", "another name"),
        ('name: "7x", aggregate: count', "`7x` is no name", "letters"),
        ('name: a, aggregate: count, where: "type = "', "", ""),
        ("name: a, aggregate: last, of: occurred_at", "`occurred_at`, which is a time", "days_since_last"),
    ],
)
def test_a_refusal_names_the_value_the_place_and_the_remedy(body, message, remedy):
    error = refusal(body)
    assert message in error.message
    assert remedy in error.remedy
    assert error.where is not None
    assert (error.where.file, error.where.line) == ("sample.yaml", 4)


def test_two_features_of_one_name_are_refused():
    with pytest.raises(FeatureSetInvalid, match="Two features are called `A`"):
        read(HEAD + "  - {name: a, aggregate: count}\n  - {name: A, aggregate: exists}\n", "f")


@pytest.mark.parametrize(
    "text", ["schema: leadbench/features/v2\nname: a\nfeatures: []\n", HEAD + "  []\n", "- a\n", "a\n"]
)
def test_a_text_that_is_no_feature_set_is_refused(text):
    with pytest.raises(FeatureSetInvalid):
        read(text, "f")


def test_a_misspelt_property_is_refused_with_the_nearest_known_one():
    schema = EventSchema(["amount", "page"])
    with pytest.raises(FeatureSetInvalid, match=r"`amont`.*Did you mean `amount`"):
        read(HEAD + "  - {name: a, aggregate: sum, of: amont}\n", "f", schema)
    with pytest.raises(FeatureSetInvalid, match=r"`tpye`.*Did you mean `type`"):
        read(HEAD + "  - {name: a, aggregate: count, where: \"tpye = 'x'\"}\n", "f", schema)
    assert read(HEAD + "  - {name: a, aggregate: sum, of: properties.new}\n", "f", schema).features[0].of is not None


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("name: a, aggregate: count, where: \"type = 'pricing_viewed'\", window: 7d", "Pricing viewed, last 7 days"),
        ("name: a, aggregate: count, where: \"type = 'visit'\", window: 7d", "Pricing page visits, last 7 days"),
        ("name: a, aggregate: days_since_last", "Days since the last activity"),
        ("name: a, aggregate: days_since_last, where: \"type = 'visit'\"", "Days since the last pricing page visits"),
        ("name: a, aggregate: sum, of: amount, window: 90d", "Total amount of activity, last 90 days"),
        ("name: a, aggregate: last, of: type", "Latest kind of activity"),
        ("name: a, scope: account_others, aggregate: distinct, of: lead_id", "People active, colleagues"),
        (
            "name: a, aggregate: count, where: \"page LIKE '/p%'\", description: Looked at prices. Often.",
            "Looked at prices",
        ),
        ("name: hot_pages, aggregate: count, where: \"page LIKE '/p%'\"", "Hot pages"),
        ("name: a, attribute: company_size", "Company size"),
        ("name: a, aggregate: count, label: My words", "My words"),
    ],
)
def test_labels_are_words_for_a_sales_leader(body, label):
    head = HEAD.replace("features:", "names: {visit: Pricing page visits}\nfeatures:")
    assert read(f"{head}  - {{{body}}}\n", "f").features[0].label == label
