"""A catalogue ready to be stored: its rows with Simplified Chinese, keywords and forms. Faults end it before that."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.forms import profile, schema
from services.registry import simplified
from services.registry.catalogue.sheets import Fault, Row, Sheets

Json = dict[str, Any]


class Faulty(Exception):
    """The catalogue cannot be loaded; `faults` says all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(frozen=True)
class Catalogue:
    departments: list[Row]
    apps: list[Row]
    functions: list[Row]
    forms: dict[str, Json]  # by function code
    own_fields: dict[str, frozenset[str]]  # by function code: what its row asks, beside what the person is asked
    simplified: dict[str, str]

    def names(self, row: Row, prefix: str = "name") -> dict[str, str]:
        """Column -> text in the three languages."""
        traditional = row[f"{prefix}_zh_hant"]
        return {
            f"{prefix}_en": row[f"{prefix}_en"],
            f"{prefix}_zh_hant": traditional,
            f"{prefix}_zh_hans": row[f"{prefix}_zh_hans"] or self.simplified[traditional],
        }

    def keywords(self, row: Row) -> list[str]:
        """In every language, each once."""
        traditional = _split(row["keywords_zh_hant"])
        own = _split(row["keywords_zh_hans"]) or [self.simplified[word] for word in traditional]
        return list(dict.fromkeys([*_split(row["keywords_en"]), *traditional, *own]))


def compile_sheets(sheets: Sheets) -> Catalogue:
    """Raises Faulty, with the faults that the sheets had already and those of their forms."""
    converted = simplified.simplify_all(list(_traditional(sheets)))
    labels = Labels(sheets, converted)
    files = list(sheets.rows)
    faults = list(sheets.faults)
    forms: dict[str, Json] = {}
    own_fields: dict[str, frozenset[str]] = {}
    at_fault = {(fault.file, fault.row) for fault in faults}
    for row in sheets.rows["functions.csv"]:
        try:
            own = schema.from_catalogue(row["fields"], labels.of(row["code"], row["fields"]))
        except ValueError as error:
            faults.append(row.fault("fields", str(error)))
            continue
        faults += labels.missing_choices(row, own)
        if (row.file, row.number) not in at_fault:
            asked = profile.ask(own, action=row["action"], assurance=row["assurance"])
            forms[row["code"]] = schema.build(asked)
            own_fields[row["code"]] = frozenset(own)
    if faults:
        raise Faulty(sorted(faults, key=lambda fault: (files.index(fault.file), fault.row)))
    rows = sheets.rows
    return Catalogue(rows["departments.csv"], rows["apps.csv"], rows["functions.csv"], forms, own_fields, converted)


def _traditional(sheets: Sheets) -> Iterator[str]:
    """Every text that OpenCC has to convert."""
    for rows in sheets.rows.values():
        for row in rows:
            for column, cell in row.cells.items():
                if column == "keywords_zh_hant":
                    yield from _split(cell)
                elif column.endswith("_zh_hant"):
                    yield cell


def _split(cell: str) -> list[str]:
    return cell.split(";") if cell else []


@dataclass
class Labels:
    """The words of fields and choices: a row for one function comes before the row for all."""

    sheets: Sheets
    converted: dict[str, str]
    _fields: dict[tuple[str, str], Row] = field(init=False)
    _choices: dict[tuple[str, str], dict[str, Json]] = field(init=False)

    def __post_init__(self) -> None:
        self._fields = {(row["function"], row["field"]): row for row in self.sheets.rows["fields.csv"]}
        self._choices = defaultdict(dict)
        for row in self.sheets.rows["choices.csv"]:
            self._choices[row["function"], row["field"]][row["value"]] = self._texts(row, "label")

    def of(self, function: str, spec: str) -> dict[str, schema.Words]:
        """Words of the fields of a row's `fields` cell that have any."""
        names = [part.partition(":")[0].strip() for part in spec.split(";")]
        return {
            name: schema.Words(self._texts(row, "label"), self._texts(row, "hint"), self._labels_of(function, name))
            for name in names
            if (row := self._fields.get((function, name)) or self._fields.get(("", name)))
        }

    def missing_choices(self, row: Row, own: dict[str, Json]) -> list[Fault]:
        return [
            row.fault("fields", f"the choice {value!r} of {name} has no label in choices.csv")
            for name, made in own.items()
            for value in made.get("enum", [])
            if value not in self._labels_of(row["code"], name)
        ]

    def _labels_of(self, function: str, name: str) -> dict[str, Json]:
        return self._choices.get(("", name), {}) | self._choices.get((function, name), {})

    def _texts(self, row: Row, prefix: str) -> Json:
        traditional = row[f"{prefix}_zh_hant"]
        return {
            "en": row[f"{prefix}_en"],
            "zh-hant": traditional,
            "zh-hans": row[f"{prefix}_zh_hans"] or self.converted[traditional],
        }
