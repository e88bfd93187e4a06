"""Colours by meaning, for what Streamlit's configuration cannot reach: charts and chips, in light and dark."""

from dataclasses import dataclass
from typing import Literal

ThemeType = Literal["light", "dark"]


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, as #RRGGBB; `bands` runs from the best band to the worst."""

    ink: str
    muted: str
    surface: str
    grid: str
    flow: str
    neutral: str
    gain: str
    loss: str
    warn: str
    accent: str
    bands: tuple[str, ...]
    series: tuple[str, ...]
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]

    def band(self, position: int) -> str:
        """Colour of the band at a position, best first; positions past the last share its colour."""
        return self.bands[min(position, len(self.bands) - 1)]

    def outcome(self, kind: str, otherwise: str) -> str:
        """Colour of `won` and `lost` leads, in any case; another kind has the colour that is given."""
        return {"won": self.gain, "lost": self.neutral}.get(kind.lower(), otherwise)

    def faint(self, colour: str, share: float = 0.16) -> str:
        """A colour at part strength, as rgba()."""
        red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
        return f"rgba({red},{green},{blue},{share})"


_SEQUENTIAL = (
    "#EAF5F2", "#CFE9E2", "#A9D8CC", "#7CC4B3", "#4FAE98",
    "#2E967F", "#0E7C66", "#0A6453", "#084D40", "#06382F",
)  # fmt: skip

LIGHT = Tokens(
    ink="#16202E",
    muted="#5A6675",
    surface="#FFFFFF",
    grid="#E9EDF1",
    flow="#E3E7EC",
    neutral="#8A94A6",
    gain="#0E7C66",
    loss="#D9604C",
    warn="#9A5B00",
    accent="#3B6FD8",
    bands=("#0E7C66", "#3B6FD8", "#E0A12E", "#8A94A6"),
    series=("#0E7C66", "#3B6FD8", "#E0A12E", "#8A94A6", "#7A5AF0", "#D9604C", "#2AA7C9", "#B0648F"),
    sequential=_SEQUENTIAL,
    diverging=("#B4412F", "#E98F7F", "#F4F6F8", "#5FB5A1", "#0E7C66"),
)
DARK = Tokens(
    ink="#E4EAF1",
    muted="#9DAABA",
    surface="#0E1621",
    grid="#243141",
    flow="#2A3848",
    neutral="#93A0B1",
    gain="#3CC7A8",
    loss="#F0806D",
    warn="#E8A650",
    accent="#7FA6F5",
    bands=("#3CC7A8", "#7FA6F5", "#F0BF5C", "#93A0B1"),
    series=("#3CC7A8", "#7FA6F5", "#F0BF5C", "#93A0B1", "#A58CF7", "#F0806D", "#5CC8E6", "#D98BB6"),
    sequential=(
        "#16232F",
        "#17322F",
        "#184540",
        "#1A5A51",
        "#1D7063",
        "#228877",
        "#2BA28D",
        "#3CC7A8",
        "#6FE0C8",
        "#B5F2E4",
    ),
    diverging=("#F0806D", "#8A4A42", "#1B2633", "#1F6F60", "#3CC7A8"),
)


def tokens(theme_type: str | None) -> Tokens:
    """The colours of the theme that is shown; an unknown one counts as light."""
    return DARK if theme_type == "dark" else LIGHT
