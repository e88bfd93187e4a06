"""A page of numbered blocks, each with the kind of knowledge it is, and its form as a file to print (A4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal

from core.kernel.times import to_text

Badge = Literal["proved", "simulated", "measured", "recorded"]
Row = tuple[str, ...]
STYLE = """@page{size:A4;margin:12mm}
body{font:9.5pt/1.35 Inter,Arial,sans-serif;color:#111827;max-width:186mm;margin:8mm auto}
h1{font-size:15pt;margin:0 0 2mm}
h2{font-size:10.5pt;margin:3.2mm 0 1mm;border-top:1px solid #cbd5e1;padding-top:1.6mm}
p{margin:.6mm 0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:1mm 0}
td,th{text-align:left;padding:.5mm 2mm .5mm 0;vertical-align:top;font-size:8.5pt;border-bottom:1px solid #eef2f7;
overflow-wrap:anywhere}
th{color:#475569;font-weight:600}
.badge{font-size:7.5pt;border:1px solid;border-radius:2mm;padding:0 1.5mm;margin-left:2mm;font-weight:600}
.proved{color:#0f766e}.simulated{color:#1d4ed8}.measured{color:#9a5b00}.recorded{color:#475569}.bad{color:#b4412f}
section{break-inside:avoid}"""


@dataclass(frozen=True)
class Table:
    """Rows under their heads."""

    head: Row
    rows: Sequence[Row]


@dataclass(frozen=True)
class Block:
    """One of the ten blocks: sentences, tables, what kind of knowledge it is, and whether all is well in it."""

    number: int
    title: str
    badge: Badge
    lines: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    is_good: bool = True


@dataclass(frozen=True)
class Review:
    """The page about one version."""

    title: str
    blocks: tuple[Block, ...]
    made_at: datetime


def to_html(page: Review) -> bytes:
    """The page as one HTML file that prints on A4 and loads nothing from elsewhere."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(page.title)}</title>',
        f"<style>{STYLE}</style></head><body><h1>{escape(page.title)}</h1>",
        f"<p>Made {escape(to_text(page.made_at))}. Proved, simulated and measured are never the same.</p>",
        *(_section(block) for block in page.blocks),
        "</body></html>\n",
    ]
    return "".join(parts).encode()


def _section(block: Block) -> str:
    bad = "" if block.is_good else ' class="bad"'
    head = f'<h2{bad}>{block.number}. {escape(block.title)}<span class="badge {block.badge}">{block.badge}</span></h2>'
    lines = "".join(f"<p>{escape(line)}</p>" for line in block.lines)
    return f"<section>{head}{lines}{''.join(map(_table, block.tables))}</section>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{rows}</table>"
