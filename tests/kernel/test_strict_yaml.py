import pytest

from core.kernel.strict_yaml import DocumentInvalid, UnknownKey, check_keys, load


def refused(text):
    with pytest.raises(DocumentInvalid) as caught:
        load(text, file="doc.yaml")
    assert caught.value.code == "invalid_document"
    assert caught.value.where.file == "doc.yaml"
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: no", 2, 4, "`no`"),
        ("a: Yes", 1, 4, "`Yes`"),
        ("a: [1, OFF]", 1, 8, "`OFF`"),
        ("a: y", 1, 4, "`y`"),
        ("a: &x 1\nb: *x", 1, 4, "anchor `&x`"),
        ("&x [1]", 1, 1, "anchor `&x`"),
        ("a: {<<: {b: 1}}", 1, 5, "merge key"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "tag"),
        ("a: !x 1", 1, 4, "tag `!x`"),
        ("!!str a: 1", 1, 1, "tag"),
        ("a: 1\nb: 2\na: 3", 3, 1, "second key `a`"),
        ("a: {b: 1, 'b': 2}", 1, 11, "second key `b`"),
        ("a: 007", 1, 4, "octal"),
        ("a: 0o17", 1, 4, "not decimal"),
        ("a: 0x1F", 1, 4, "not decimal"),
        ("a: 0b11", 1, 4, "not decimal"),
        ("a: 12:30", 1, 4, "base-60"),
        ("a: 190:20:30", 1, 4, "base-60"),
        ("a: 1_000", 1, 4, "underscores"),
        ("a: .inf", 1, 4, "finite"),
        ("a: -.INF", 1, 4, "finite"),
        ("a: .NaN", 1, 4, "finite"),
        ("a: 1e400", 1, 4, "finite"),
        ("a: 0.80000000000000001", 1, 4, "more digits"),
        ("a: 9007199254740992", 1, 4, "too large"),
        ("? [1, 2]\n: 3", 1, 3, "not text"),
        ("a: 1\n---\nb: 2", 2, 1, "second document"),
        ("%YAML 1.1\n---\na: 1", 1, 1, "directive"),
        ("[" * 1000, 1, 52, "Nesting"),
        ("a: [1, 2", 2, 1, "not YAML"),
        ("a: b: c", 1, 5, "not YAML"),
    ],
)
def test_what_could_be_misread_is_refused_with_its_place(text, line, column, said):
    error = refused(text)
    assert (error.where.line, error.where.column) == (line, column)
    assert said in error.message


@pytest.mark.parametrize("text", ["", "# only a comment", "a: \x01", "a: \ud800"])
def test_an_empty_or_unreadable_text_is_refused(text):
    refused(text)


def test_a_yaml_bomb_is_refused_at_its_first_anchor():
    levels = ['a: &a ["x","x"]'] + [f"{b}: &{b} [*{a},*{a},*{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "anchor `&a`" in refused("\n".join(levels)).message


def test_a_document_over_256_kib_is_refused_before_it_is_parsed():
    assert "262149" in refused("a: '" + "é" * 131_072 + "'").message
    value, _ = load("a: '" + "x" * (262_144 - 5) + "'", file="doc.yaml")
    assert len(value["a"]) == 262_139


def test_norway_is_a_country_when_quoted_and_a_key_is_always_text():
    value, _ = load("regions: ['NO', DACH]\non: {no: 1, 1: 2, true: 3}", file="doc.yaml")
    assert value == {"regions": ["NO", "DACH"], "on": {"no": 1, "1": 2, "true": 3}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("0.8000", 0.8),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("none", "none"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z"),
        ("7d", "7d"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("nan", "nan"),
        ("sha256:12", "sha256:12"),
    ],
)
def test_plain_values_read_as_they_look_and_times_stay_text(text, value):
    found, _ = load(f"a: {text}", file="doc.yaml")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_positions_lead_to_values_keys_and_places_inside_text():
    text = (
        "é: ü\nrules:\n  - {id: r.1, if: \"score >= 1 AND re = 'x'\"}\n  - id: 'it''s so'\n    if: >\n      score > 1\n"
    )
    _, positions = load(text, file="doc.yaml")
    assert positions[("é",)] == (1, 4)
    assert positions[("rules", 0, "if")] == (3, 19)
    assert positions.key(("rules", 0, "if")) == (3, 15)
    assert positions.inside(("rules", 0, "if"), 1, 16) == (3, 35)
    assert positions.inside(("rules", 1, "id"), 1, 6) == (4, 16)
    assert positions.inside(("rules", 1, "if"), 1, 3) == (5, 9)
    assert positions.nearest(("rules", 1, "then", "x")) == (4, 5)


def test_an_unknown_key_names_its_place_and_the_nearest_known_one():
    value, positions = load("name: x\nfeaturs: []\n", file="doc.yaml")
    with pytest.raises(UnknownKey) as caught:
        check_keys(value, {"name", "features"}, where_path=(), file="doc.yaml", positions=positions)
    assert (caught.value.where.line, caught.value.where.column) == (2, 1)
    assert "`features`" in caught.value.remedy
    check_keys(value, {"name", "featurs"}, where_path=(), file="doc.yaml", positions=positions)


@pytest.mark.parametrize("word", ["E0", "e5", ".e1", "+.E2"])
def test_a_word_that_has_an_exponent_but_no_digits_before_it_is_text(word):
    assert load(word, file="x")[0] == word


def test_a_mapping_that_breaks_off_at_its_key_is_refused():
    with pytest.raises(DocumentInvalid):
        load("{0", file="x")
