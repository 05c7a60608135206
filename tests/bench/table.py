"""The one table: each line a figure, its own limit measured in the same run, and whether the aim is met."""

import sys
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """`ratio` is what the aim speaks of; a line without `is_met` is there to be looked at."""

    measure: str
    figure: str
    limit: str = ""
    ratio: str = ""
    aim: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "ok", False: "MISSED", None: ""}[self.is_met]


HEAD = ("measure", "figure", "its limit", "ratio", "aim", "")


def show(lines: list[Line]) -> None:
    """Print the table, columns aligned."""
    rows = [HEAD, *((line.measure, line.figure, line.limit, line.ratio, line.aim, line.verdict) for line in lines)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(HEAD))]
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    sys.stdout.flush()


def _width(text: str) -> int:
    """In columns of a terminal, where Chinese takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def at_least(measure: str, figure: float, limit: float, ratio: float, aim: float, *, unit: str, of: str) -> Line:
    """A line whose figure is to reach a share of its limit."""
    return Line(
        measure, f"{figure:,.0f} {unit}", f"{limit:,.0f} {unit} {of}", f"{ratio:.0%}", f">= {aim:.0%}", ratio >= aim
    )
