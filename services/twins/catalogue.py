"""What the twins know of the world: departments, their functions, a backend per department and transport."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CATALOGUE_FOLDER = Path(__file__).resolve().parents[1] / "registry" / "catalogue"
SERVED_TRANSPORTS = frozenset({"rest", "soap", "fixed-width", "sftp-batch"})
OPTIONAL_TYPES = frozenset({"file", "longtext"})  # the catalogue's README: every other field is required


@dataclass(frozen=True)
class Field:
    """A form field of a function, under the name that it has on the wire (lowerCamelCase)."""

    name: str
    type: str

    @property
    def is_required(self) -> bool:
        return self.type not in OPTIONAL_TYPES


@dataclass(frozen=True)
class Function:
    """One row of functions.csv; `fee` is in HK$, or empty where it depends."""

    code: str
    name: str
    department: str
    action: str
    fee: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Department:
    code: str
    name: str


@dataclass(frozen=True)
class Backend:
    """One system of a department, spoken to in one way."""

    department: Department
    transport: str

    @property
    def code(self) -> str:
        return f"{self.department.code}-{self.transport}"

    @property
    def is_served(self) -> bool:
        return self.transport in SERVED_TRANSPORTS


@dataclass(frozen=True)
class Catalogue:
    functions: Mapping[str, Function]
    backends: Mapping[str, Backend]

    def function_of(self, department: Department, code: str) -> Function | None:
        """The function if it belongs to that department: nobody knows the functions of the others."""
        function = self.functions.get(code)
        return function if function and function.department == department.code else None


def lower_camel(name: str) -> str:
    """`preferred_date` as a JSON name: `preferredDate`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def fields_of(column: str) -> Iterator[Field]:
    for part in filter(None, (part.strip() for part in column.split(";"))):
        name, _, kind = part.partition(":")
        yield Field(lower_camel(name), kind.partition("(")[0])


def load(folder: Path = CATALOGUE_FOLDER) -> Catalogue:
    """Read departments.csv and functions.csv of a folder."""
    departments = {row["code"]: Department(row["code"], row["name_en"]) for row in rows(folder / "departments.csv")}
    functions: dict[str, Function] = {}
    backends: dict[str, Backend] = {}
    for row in rows(folder / "functions.csv"):
        functions[row["code"]] = Function(
            code=row["code"],
            name=row["name_en"],
            department=row["department"],
            action=row["action"],
            fee=row["fee_hkd"],
            fields=tuple(fields_of(row["fields"])),
        )
        backend = Backend(departments[row["department"]], row["transport"])
        backends[backend.code] = backend
    return Catalogue(functions, dict(sorted(backends.items())))


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
