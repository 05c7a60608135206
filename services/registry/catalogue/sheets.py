"""Reading the catalogue's files and checking every cell. Nothing here touches the database."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from services.registry.models import Department, FunctionVersion, LegacyApp

TRANSPORTS = ("rest", "soap", "sftp-batch", "fixed-width")
Check = Callable[[str], str]  # what is wrong with a cell; empty when nothing is


@dataclass(frozen=True)
class Fault:
    """One thing to put right. `row` counts as a spreadsheet does, the header being row 1; 0 is the whole file."""

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = [
            self.file,
            *([f"row {self.row}"] if self.row else []),
            *([f"column {self.column}"] if self.column else []),
        ]
        return f"{', '.join(place)}: {self.message}"


@dataclass
class Row:
    """One row, by column; a column that the file leaves out reads as empty."""

    file: str
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, column: str, message: str) -> Fault:
        return Fault(self.file, self.number, column, message)


# --- Cells ----------------------------------------------------------------------------------------


def text(longest: int) -> Check:
    def check(cell: str) -> str:
        return _line(cell, longest) if cell else "is empty"

    return check


def optional_text(longest: int) -> Check:
    return lambda cell: _line(cell, longest)


def _line(cell: str, longest: int) -> str:
    if cell != cell.strip() or not cell.isprintable():
        return "has spaces around it, or more than one line"
    return f"is longer than {longest} characters" if len(cell) > longest else ""


def code(longest: int) -> Check:
    def check(cell: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell):
            return f"{cell!r} is not a code such as td-vehicle-licence"
        return f"is longer than {longest} characters" if len(cell) > longest else ""

    return check


def optional(check: Check) -> Check:
    return lambda cell: check(cell) if cell else ""


def one_of(*options: str) -> Check:
    return lambda cell: "" if cell in options else f"{cell!r} is not one of {', '.join(options)}"


def some_of(*options: str) -> Check:
    """At least one of them, separated by `;`."""

    def check(cell: str) -> str:
        return next(filter(None, map(one_of(*options), cell.split(";"))), "")

    return check


def words(longest: int) -> Check:
    """Any number of texts, separated by `;`."""

    def check(cell: str) -> str:
        return next(filter(None, map(text(longest), cell.split(";"))), "") if cell else ""

    return check


def day(cell: str) -> str:
    try:
        date.fromisoformat(cell)
    except ValueError:
        return f"{cell!r} is not a date such as 2027-12-31"
    return ""


def money(cell: str) -> str:
    """HK$, up to 9,999,999.99: what FunctionVersion.fee_hkd holds."""
    try:
        amount = Decimal(cell)
        if 0 <= amount < 10**7 and amount == amount.quantize(Decimal("0.01")):
            return ""
    except InvalidOperation:
        pass
    return f"{cell!r} is not an amount such as 370 or 12.50"


# --- Files ----------------------------------------------------------------------------------------

_LABELS: dict[str, Check] = {"label_en": text(200), "label_zh_hant": text(200), "label_zh_hans": optional_text(200)}
COLUMNS: dict[str, dict[str, Check]] = {
    "departments.csv": {
        "code": code(20),
        "name_en": text(200),
        "name_zh_hant": text(200),
        "kind": one_of(*Department.Kind.values),
    },
    "apps.csv": {
        "code": code(60),
        "department": code(20),
        "name_en": text(200),
        "name_zh_hant": text(200),
        "status": one_of(*LegacyApp.Status.values),
        "retire_by": optional(day),
    },
    "functions.csv": {
        "code": code(80),
        "department": code(20),
        "app": optional(code(60)),
        "name_en": text(200),
        "name_zh_hant": text(200),
        "summary_en": text(300),
        "summary_zh_hant": text(300),
        "keywords_en": words(100),
        "keywords_zh_hant": words(100),
        "category": one_of(*FunctionVersion.Category.values),
        "audience": some_of(*FunctionVersion.Audience.values),
        "action": one_of(*FunctionVersion.Action.values),
        "assurance": one_of(*FunctionVersion.Assurance.values),
        "fee_hkd": optional(money),
        "transport": one_of(*TRANSPORTS),
        "fields": optional_text(4000),
    },
    "fields.csv": {
        "function": optional(code(80)),
        "field": text(60),
        **_LABELS,
        "hint_en": optional_text(500),
        "hint_zh_hant": optional_text(500),
        "hint_zh_hans": optional_text(500),
    },
    "choices.csv": {"function": optional(code(80)), "field": text(60), "value": text(60), **_LABELS},
}
OWN_SIMPLIFIED: dict[str, Check] = {  # columns that a file may have, where OpenCC is not good enough
    "name_zh_hans": optional_text(200),
    "summary_zh_hans": optional_text(300),
    "keywords_zh_hans": words(100),
}
KEYS: dict[str, tuple[str, ...]] = {  # no two rows have the same; a fault is shown at the last
    "departments.csv": ("code",),
    "apps.csv": ("code",),
    "functions.csv": ("code",),
    "fields.csv": ("function", "field"),
    "choices.csv": ("function", "field", "value"),
}
REFERENCES: dict[str, dict[str, str]] = {  # column -> the file whose code it names
    "apps.csv": {"department": "departments.csv"},
    "functions.csv": {"department": "departments.csv", "app": "apps.csv"},
    "fields.csv": {"function": "functions.csv"},
    "choices.csv": {"function": "functions.csv"},
}


@dataclass
class Sheets:
    """All files of a folder, as far as they could be read, and everything that is wrong with them."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(folder: Path) -> Sheets:
    """Read and check every file; never raises for what stands in them."""
    sheets = Sheets()
    for name in COLUMNS:
        rows, faults = _read_file(folder / name)
        sheets.rows[name] = rows
        sheets.faults += [*faults, *(fault for row in rows for fault in _cell_faults(row))]
    for name, key in KEYS.items():
        sheets.faults += _duplicates(sheets.rows[name], key)
    torn = {fault.file for fault in sheets.faults if not fault.column}  # rows are missing that others may name
    for name, references in REFERENCES.items():
        for column, other in references.items():
            if other not in torn:
                sheets.faults += _dangling(sheets.rows[name], column, sheets.rows[other], other)
    sheets.faults += [
        row.fault("retire_by", "is empty, but the app is retired")
        for row in sheets.rows["apps.csv"]
        if row["status"] == LegacyApp.Status.RETIRED and not row["retire_by"]
    ]
    return sheets


def _read_file(path: Path) -> tuple[list[Row], list[Fault]]:
    """The rows that have the shape of the header; faults of the file as a whole, or of rows that have not."""
    try:
        content = path.read_bytes()
        decoded = content.decode("utf-8-sig")
    except FileNotFoundError:
        return [], [Fault(path.name, 0, "", "there is no such file")]
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        return [], [
            Fault(path.name, row, "", f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")
        ]
    lines = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        header = next(lines, [])
        if missing := [column for column in COLUMNS[path.name] if column not in header]:
            return [], [Fault(path.name, 1, "", f"the column {column} is missing") for column in missing]
        for number, cells in enumerate(lines, start=2):
            if len(cells) == len(header):
                rows.append(Row(path.name, number, dict(zip(header, cells, strict=True))))
            elif cells:  # an empty line is no row
                message = f"has {len(cells)} cells, but the header has {len(header)}"
                faults.append(Fault(path.name, number, "", message))
    except csv.Error as error:
        faults.append(Fault(path.name, len(rows) + len(faults) + 2, "", f"is not CSV: {error}"))
    return rows, faults


def _cell_faults(row: Row) -> list[Fault]:
    checks = COLUMNS[row.file] | {name: check for name, check in OWN_SIMPLIFIED.items() if name in row.cells}
    return [row.fault(column, message) for column, check in checks.items() if (message := check(row[column]))]


def _duplicates(rows: list[Row], key: tuple[str, ...]) -> list[Fault]:
    first: dict[tuple[str, ...], int] = {}
    faults = []
    for row in rows:
        values = tuple(row[column] for column in key)
        if values in first:
            faults.append(row.fault(key[-1], f"{values[-1]!r} stands in row {first[values]} already"))
        first.setdefault(values, row.number)
    return faults


def _dangling(rows: list[Row], column: str, others: list[Row], other: str) -> list[Fault]:
    known = {row["code"] for row in others}
    return [
        row.fault(column, f"{row[column]!r} is no code in {other}")
        for row in rows
        if row[column] and row[column] not in known
    ]
