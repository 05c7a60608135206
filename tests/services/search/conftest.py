import csv
from collections.abc import Callable

import pytest

from services.registry.catalogue import load
from services.registry.models import Department, ServiceFunction
from services.registry.simplified import simplify
from services.search import flows
from tests.factories import DepartmentFactory, ServiceFunctionFactory

OF_PEOPLE = (
    "immd-passport-renew", "immd-passport-lost", "immd-passport-status", "immd-hkid-replace-lost",
    "immd-death-register", "td-vehicle-licence-renew", "td-driving-test-book", "fehd-pest-report",
    "epd-noise-complaint", "ld-job-search", "ld-wage-claim", "lcsd-library-card",
)  # fmt: skip
OF_TRADES = tuple(f"dh-nurse-{verb}" for verb in ("apply", "renew", "replace", "amend", "status", "register-search"))
OF_SHOPS = tuple(f"fehd-liquor-{verb}" for verb in ("apply", "renew", "transfer", "cancel"))
CODES = (*OF_PEOPLE, *OF_TRADES, *OF_SHOPS)


def read(name: str) -> list[dict[str, str]]:
    with (load.FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def make(db: None) -> Callable[[str], ServiceFunction]:
    """Publish a function as the catalogue describes it, without indexing it."""
    rows = {row["code"]: row for row in read("functions.csv")}
    names = {row["code"]: row for row in read("departments.csv")}

    def _make(code: str) -> ServiceFunction:
        row = rows[code]
        known = names[row["department"]]
        department = Department.objects.filter(code=known["code"]).first() or DepartmentFactory(
            code=known["code"], name_en=known["name_en"], name_zh_hant=known["name_zh_hant"]
        )
        return ServiceFunctionFactory(
            code=code,
            department=department,
            version__name_en=row["name_en"],
            version__name_zh_hant=row["name_zh_hant"],
            version__name_zh_hans=simplify(row["name_zh_hant"]),
            version__keywords=[*row["keywords_en"].split(";"), *row["keywords_zh_hant"].split(";")],
            version__category=row["category"],
            version__audience=row["audience"].split(";"),
            version__action=row["action"],
        )

    return _make


@pytest.fixture
def offered(make: Callable[[str], ServiceFunction]) -> dict[str, ServiceFunction]:
    """Some of the catalogue, by code, in the index."""
    functions = {code: make(code) for code in CODES}
    flows.index([function.pk for function in functions.values()])
    return functions
