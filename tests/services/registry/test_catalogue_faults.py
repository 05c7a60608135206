"""A catalogue with a fault in it: every fault is named by file, row and column, and nothing is loaded."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from services.registry.catalogue.compiled import Faulty
from services.registry.catalogue.load import load
from services.registry.models import CatalogueLoad, Department
from tests.services.registry.small_catalogue import SmallCatalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(tmp_path: Path) -> SmallCatalogue:
    return SmallCatalogue(tmp_path)


def faults_of(catalogue: SmallCatalogue) -> list[str]:
    with pytest.raises(Faulty) as caught:
        load(catalogue.folder)
    assert not Department.objects.exists()
    assert not CatalogueLoad.objects.exists()
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("file", "row", "column", "cell", "message"),
    [
        ("departments.csv", 2, "kind", "club", "'club' is not one of bureau, department, statutory-body, judiciary"),
        ("departments.csv", 3, "name_zh_hant", "", "is empty"),
        ("departments.csv", 3, "name_en", "x" * 201, "is longer than 200 characters"),
        ("apps.csv", 2, "department", "xx", "'xx' is no code in departments.csv"),
        ("apps.csv", 2, "status", "dead", "'dead' is not one of live, consolidating, retired"),
        ("apps.csv", 2, "retire_by", "31/12/2027", "'31/12/2027' is not a date such as 2027-12-31"),
        ("functions.csv", 2, "code", "TD Renew", "'TD Renew' is not a code such as td-vehicle-licence"),
        ("functions.csv", 3, "department", "xx", "'xx' is no code in departments.csv"),
        ("functions.csv", 2, "app", "no-app", "'no-app' is no code in apps.csv"),
        ("functions.csv", 4, "category", "fun", "'fun' is not one of business, "),
        ("functions.csv", 4, "audience", "citizen;cats", "'cats' is not one of citizen, business, visitor"),
        ("functions.csv", 4, "audience", "", "'' is not one of citizen, business, visitor"),
        ("functions.csv", 4, "action", "beg", "'beg' is not one of apply, "),
        ("functions.csv", 3, "assurance", "bsic", "'bsic' is not one of none, basic, plus"),
        ("functions.csv", 3, "transport", "fax", "'fax' is not one of rest, soap, sftp-batch, fixed-width"),
        ("functions.csv", 3, "fee_hkd", "free", "'free' is not an amount such as 370 or 12.50"),
        ("functions.csv", 3, "fee_hkd", "-1", "'-1' is not an amount such as 370 or 12.50"),
        ("functions.csv", 3, "fee_hkd", "NaN", "'NaN' is not an amount such as 370 or 12.50"),
        ("functions.csv", 3, "fields", "amount:coins", "“amount:coins” has no type that forms know"),
        ("functions.csv", 3, "fields", "amount", "“amount” is not a new name:type"),
        ("functions.csv", 3, "fields", "colour:text", "“colour” has no label"),
        ("functions.csv", 4, "fields", "kind:choice(a|c)", "the choice 'c' of kind has no label in choices.csv"),
        ("functions.csv", 2, "summary_en", "two\nlines", "has spaces around it, or more than one line"),
        ("fields.csv", 2, "label_zh_hant", "", "is empty"),
        ("fields.csv", 2, "function", "td-gone", "'td-gone' is no code in functions.csv"),
        ("choices.csv", 3, "label_en", "", "is empty"),
    ],
)
def test_a_wrong_cell_is_named(
    catalogue: SmallCatalogue, file: str, row: int, column: str, cell: str, message: str
) -> None:
    catalogue.change(file, row, **{column: cell})
    faults = faults_of(catalogue)
    assert any(fault.startswith(f"{file}, row {row}, column {column}: {message}") for fault in faults), faults


def test_a_code_that_stands_there_twice_is_named(catalogue: SmallCatalogue) -> None:
    catalogue.add("functions.csv", 2)
    assert faults_of(catalogue) == ["functions.csv, row 5, column code: 'td-renew' stands in row 2 already"]


def test_a_label_given_twice_is_named(catalogue: SmallCatalogue) -> None:
    catalogue.add("fields.csv", 3)
    assert faults_of(catalogue) == ["fields.csv, row 6, column field: 'amount' stands in row 3 already"]


def test_a_retired_app_needs_its_day(catalogue: SmallCatalogue) -> None:
    catalogue.change("apps.csv", 2, status="retired")
    assert faults_of(catalogue) == ["apps.csv, row 2, column retire_by: is empty, but the app is retired"]


def test_a_label_that_is_missing_is_named_where_it_is_needed(catalogue: SmallCatalogue) -> None:
    catalogue.remove("fields.csv", 2)
    assert faults_of(catalogue) == ["functions.csv, row 2, column fields: “mark” has no label"]


def test_a_missing_column_is_named(catalogue: SmallCatalogue) -> None:
    catalogue.drop_column("apps.csv", "status")
    assert faults_of(catalogue) == ["apps.csv, row 1: the column status is missing"]


def test_a_missing_file_is_named(catalogue: SmallCatalogue) -> None:
    (catalogue.folder / "choices.csv").unlink()
    assert "choices.csv: there is no such file" in faults_of(catalogue)


def test_a_row_with_a_cell_too_many_is_named(catalogue: SmallCatalogue) -> None:
    catalogue.rewrite("functions.csv", b"amount:money", b"amount:money,x")
    assert faults_of(catalogue) == ["functions.csv, row 3: has 17 cells, but the header has 16"]


def test_bytes_that_are_not_utf_8_are_named(catalogue: SmallCatalogue) -> None:
    catalogue.rewrite("departments.csv", "破產管理署".encode(), "破產管理署".encode("big5"))
    assert faults_of(catalogue) == ["departments.csv, row 3: byte 0xaf is not UTF-8; save the file as UTF-8"]


def test_a_quotation_mark_left_open_is_named(catalogue: SmallCatalogue) -> None:
    catalogue.rewrite("apps.csv", b"HKeMobility", b'"HKeMobility')
    assert faults_of(catalogue) == ["apps.csv, row 2: is not CSV: unexpected end of data"]


def test_all_faults_are_named_at_once_in_the_order_of_the_files(catalogue: SmallCatalogue) -> None:
    catalogue.change("functions.csv", 4, fields="kind:nothing")
    catalogue.change("functions.csv", 2, assurance="bsic")
    catalogue.change("apps.csv", 2, status="dead")
    assert [fault.partition(":")[0] for fault in faults_of(catalogue)] == [
        "apps.csv, row 2, column status",
        "functions.csv, row 2, column assurance",
        "functions.csv, row 4, column fields",
    ]


def test_the_command_shows_a_bounded_list_and_fails(catalogue: SmallCatalogue) -> None:
    for number in range(60):
        catalogue.add("functions.csv", 2, code=f"td-{number}", assurance="bsic")
    shown = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was loaded: 60 faults"):
        call_command("load_catalogue", path=catalogue.folder, stderr=shown)
    lines = shown.getvalue().splitlines()
    assert (len(lines), lines[-1]) == (51, "... and 10 more")
