"""The sales leader's page: figures, funnel, lift, what waits and the top of the queue, as one A4 page of PDF."""

import unicodedata
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.exports.origin import Origin

if TYPE_CHECKING:
    from fpdf import FPDF

FONT, FONTS = "Roboto", Path(__file__).parent / "fonts"
INK, MUTED, GAIN, NEUTRAL, LINE = (22, 32, 46), (90, 102, 117), (14, 124, 102), (138, 148, 166), (225, 230, 236)
LEFT, WIDTH, TOP = 14.0, 182.0, 13.0
MOST_ALERTS, MOST_QUEUED = 6, 10
QUEUE = (("", 6.0), ("Lead", 32.0), ("Company", 34.0), ("Score", 13.0), ("Band", 11.0), ("Pool", 22.0), ("Why", 64.0))
LACKED = "?"
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Tile:
    """A figure with its name and what it is compared with."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class OnePager:
    """What the page says. funnel: stage and leads (None: not known); tenths: win rate of each tenth, the best first.

    queue: rows of lead, company, score, band, pool and why, as the reader may see them; words: sentences.
    """

    scope: str
    tiles: Sequence[Tile]
    funnel: Sequence[tuple[str, int | None]]
    funnel_words: str
    tenths: Sequence[float]
    base_rate: float
    lift_words: str
    alerts: Sequence[str]
    queue: Sequence[Sequence[str]]
    words: Sequence[str]
    origin: Origin


def to_pdf(page: OnePager) -> bytes:
    """The page as PDF; the same page gives the same bytes. It says where it lacks a letter (CJK, Arabic)."""
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    for style, name in (("", "regular"), ("B", "bold")):
        pdf.add_font(FONT, style, FONTS / f"roboto-{name}.ttf")
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    pdf.set_creation_date(page.origin.made_at)
    pdf.set_title("leadbench overview")
    pdf.add_page()
    _head(pdf, page)
    _tiles(pdf, page.tiles)
    _funnel(pdf, page, 64.0)
    _lift(pdf, page, 64.0)
    _alerts(pdf, page.alerts, 122.0)
    _queue(pdf, page.queue, 166.0)
    _words(pdf, page.words, 238.0)
    _foot(pdf, page)
    return bytes(pdf.output())


def _plain(pdf: "FPDF", value: object) -> str:
    """Text that the font can show: a letter that it lacks loses its mark, what is left over is a question mark."""
    text = unicodedata.normalize("NFC", " ".join(str(value).split()))
    return "".join(one if _has(pdf, one) else _nearest(pdf, one) for one in text)


def _has(pdf: "FPDF", letter: str) -> bool:
    return ord(letter) in pdf.current_font.cmap  # type: ignore[union-attr]


def _nearest(pdf: "FPDF", letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter)[0]
    return bare if _has(pdf, bare) else LACKED


def _write(
    pdf: "FPDF", x: float, y: float, text: object, size: float = 8.5, bold: bool = False, colour: Rgb = INK,
    width: float | None = None, align: str = "L",
) -> None:  # fmt: skip
    """One line of text whose top is at y (mm); cut with an ellipsis where it is wider than `width`."""
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_text_color(*colour)
    shown = _plain(pdf, text)
    room = WIDTH if width is None else width
    while len(shown) > 1 and pdf.get_string_width(shown) > room - 1:
        shown = shown.rstrip("…")[:-1].rstrip() + "…"
    pdf.set_xy(x, y)
    pdf.cell(room, size * 0.45, shown, align=align)


def _paragraph(
    pdf: "FPDF", x: float, y: float, text: str, width: float, size: float = 8.0, colour: Rgb = MUTED
) -> None:
    pdf.set_font(FONT, "", size)
    pdf.set_text_color(*colour)
    pdf.set_xy(x, y)
    pdf.multi_cell(width, size * 0.46, _plain(pdf, text), align="L")


def _title(pdf: "FPDF", x: float, y: float, text: str, width: float) -> None:
    _write(pdf, x, y, text, 10, bold=True, width=width)
    pdf.set_draw_color(*LINE)
    pdf.line(x, y + 6, x + width, y + 6)


def _head(pdf: "FPDF", page: OnePager) -> None:
    _write(pdf, LEFT, TOP, "Overview", 18, bold=True, width=60)
    _write(pdf, LEFT + 60, TOP + 2.5, "leadbench", 10, colour=GAIN, bold=True, width=WIDTH - 60, align="R")
    _write(pdf, LEFT, TOP + 10, page.scope, 8.5, colour=MUTED)
    as_of = f"as of {page.origin.as_of:%d %b %Y, %H:%M} UTC" if page.origin.as_of else "undated"
    told = f"policy {page.origin.policy or 'none'} · {page.origin.model or 'no model'} (calibrated) · {as_of}"
    _write(pdf, LEFT, TOP + 15, told, 8.5, colour=MUTED)


def _tiles(pdf: "FPDF", tiles: Sequence[Tile]) -> None:
    gap = 3.0
    wide = (WIDTH - gap * (len(tiles) - 1)) / max(len(tiles), 1)
    for place, tile in enumerate(tiles):
        x, y = LEFT + place * (wide + gap), 34.0
        pdf.set_draw_color(*LINE)
        pdf.rect(x, y, wide, 24)
        _write(pdf, x + 2, y + 2.5, tile.label, 8, colour=MUTED, width=wide - 4)
        _write(pdf, x + 2, y + 8, tile.value, 15, bold=True, width=wide - 4)
        _paragraph(pdf, x + 2, y + 16, tile.note, wide - 4, 6.5)


def _funnel(pdf: "FPDF", page: OnePager, y: float) -> None:
    half = WIDTH / 2 - 4
    _title(pdf, LEFT, y, "From score to customer", half)
    most = max([count or 0 for _, count in page.funnel], default=0) or 1
    for place, (stage, count) in enumerate(page.funnel):
        line = y + 9 + place * 8
        _write(pdf, LEFT, line + 1, stage, 8.5, width=20)
        pdf.set_fill_color(*GAIN)
        wide = (half - 46) * (count or 0) / most
        if count:
            pdf.rect(LEFT + 21, line, wide, 6, style="F")
        _write(pdf, LEFT + 22 + wide, line + 1, "not known yet" if count is None else f"{count:,}", 8.5, width=25)
    _paragraph(pdf, LEFT, y + 42, page.funnel_words, half, 7.5)


def _lift(pdf: "FPDF", page: OnePager, y: float) -> None:
    half = WIDTH / 2 - 4
    x, base = LEFT + WIDTH / 2 + 4, y + 40
    _title(pdf, x, y, "Win rate by tenth of the ranking", half)
    most = max([*page.tenths, page.base_rate], default=0) or 1
    for place, rate in enumerate(page.tenths):
        tall = 26 * rate / most
        left = x + place * half / 10
        pdf.set_fill_color(*(GAIN if rate >= page.base_rate else NEUTRAL))
        pdf.rect(left + 1, base - tall, half / 10 - 2, tall, style="F")
        _write(pdf, left, base - tall - 3.5, f"{rate:.0%}", 6.5, width=half / 10, align="C")
    if page.tenths:
        level = base - 26 * page.base_rate / most
        pdf.set_draw_color(154, 91, 0)
        pdf.line(x, level, x + half, level)
    _paragraph(pdf, x, y + 42, page.lift_words, half, 7.5)


def _alerts(pdf: "FPDF", alerts: Sequence[str], y: float) -> None:
    _title(pdf, LEFT, y, "Needs somebody", WIDTH)
    shown = list(alerts[:MOST_ALERTS]) or ["Nothing waits and nothing drifted."]
    if len(alerts) > MOST_ALERTS:
        shown[-1] = f"and {len(alerts) - MOST_ALERTS + 1} more"
    for place, text in enumerate(shown):
        _write(pdf, LEFT, y + 8.5 + place * 5.2, f"· {text}")


def _queue(pdf: "FPDF", rows: Sequence[Sequence[str]], y: float) -> None:
    _title(pdf, LEFT, y, "Top of the queue", WIDTH)
    lines = [[name for name, _ in QUEUE], *([str(place), *row] for place, row in enumerate(rows[:MOST_QUEUED], 1))]
    for number, line in enumerate(lines):
        x = LEFT
        for text, (_, wide) in zip(line, QUEUE, strict=True):
            _write(pdf, x, y + 8 + number * 5.2, text, 8, colour=INK if number else MUTED, width=wide)
            x += wide
    if not rows:
        _write(pdf, LEFT, y + 14, "Nobody waits in the queue.")


def _words(pdf: "FPDF", words: Sequence[str], y: float) -> None:
    _title(pdf, LEFT, y, "In words", WIDTH)
    _paragraph(pdf, LEFT, y + 8.5, " ".join(words), WIDTH, 8.5, INK)


def _foot(pdf: "FPDF", page: OnePager) -> None:
    origin = page.origin
    told = f"Made {origin.made_at:%d %b %Y, %H:%M} UTC by {origin.actor} · {origin.filter or 'all leads'}"
    _write(pdf, LEFT, 284, told, 7, colour=MUTED)
    if any(_nearest(pdf, one) == LACKED for one in set(str(astuple(page))) if not _has(pdf, one)):
        _write(
            pdf, LEFT, 287.5, f"A {LACKED} in a name stands for a letter that this sheet's font lacks.", 7, colour=MUTED
        )
