import tomllib

import pytest

from app.server import CONFIG, flat
from app.theme import DARK, LIGHT, tokens


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "muted", "warn", "accent", "gain"])
def test_colours_of_text_can_be_read(theme, name):
    assert contrast(getattr(theme, name), theme.surface) >= 4.5


def test_a_warning_can_be_read_on_its_ground():
    options = dict(flat(tomllib.loads(CONFIG.read_text())))
    ground = "#FCF6EA"
    assert contrast(options["theme.light.yellowTextColor"], ground) >= 4.5 > contrast("#A97619", ground)


def test_an_unknown_theme_counts_as_light():
    assert tokens(None) is LIGHT
    assert tokens("dark") is DARK


def test_bands_past_the_last_share_its_colour():
    assert LIGHT.band(9) == LIGHT.bands[-1]


def test_charts_and_streamlit_use_the_same_colours():
    options = dict(flat(tomllib.loads(CONFIG.read_text())))
    assert options["theme.light.primaryColor"] == LIGHT.gain
    assert options["theme.dark.primaryColor"] == DARK.gain
    assert tuple(options["theme.chartCategoricalColors"]) == LIGHT.series
    assert tuple(options["theme.dark.chartCategoricalColors"]) == DARK.series
    assert (options["theme.light.textColor"], options["theme.dark.textColor"]) == (LIGHT.ink, DARK.ink)


def test_nothing_is_sent_to_anybody():
    options = dict(flat(tomllib.loads(CONFIG.read_text())))
    assert options["browser.gatherUsageStats"] is False
    assert [face["url"] for face in options["theme.fontFaces"]] == ["app/static/inter.woff2", "app/static/jbmono.woff2"]


def test_a_page_shows_nothing_but_what_it_draws():
    options = dict(flat(tomllib.loads(CONFIG.read_text())))
    assert options["runner.magicEnabled"] is False


def test_a_run_of_a_page_is_not_followed_by_a_full_collection():
    options = dict(flat(tomllib.loads(CONFIG.read_text())))
    assert options["runner.postScriptGC"] is False
