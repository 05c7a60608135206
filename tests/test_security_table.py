"""docs/security.md names for each requirement a test that exists, a place where it is described, or says `open`."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs/security.md").read_text()
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
TESTS = sorted(set(re.findall(r"`(tests/[\w/.]+\.py::\w+)`", TEXT)))
# Levels 1 and 2 of OWASP ASVS 5.0.0, by section: what each of them has.
SECTIONS = {
    "6.1": (1, 2, 3), "6.2": range(1, 13), "6.3": range(1, 5), "6.4": range(1, 5), "6.5": range(1, 6),
    "6.6": (1, 2, 3), "6.8": range(1, 5), "7.1": (1, 2, 3), "7.2": range(1, 5), "7.3": (1, 2), "7.4": range(1, 6),
    "7.5": (1, 2), "7.6": (1, 2), "8.1": (1, 2), "8.2": (1, 2, 3), "8.3": (1,), "8.4": (1,), "9.1": (1, 2, 3),
    "9.2": range(1, 5), "10.1": (1, 2), "10.2": (1, 2), "10.3": range(1, 5), "10.4": range(1, 12),
    "10.5": range(1, 6), "10.6": (1, 2), "10.7": (1, 2, 3), "11.1": (1, 2), "11.2": (1, 2, 3), "11.3": (1, 2, 3),
    "11.4": range(1, 5), "11.5": (1,), "11.6": (1,),
}  # fmt: skip
WITHOUT_A_TEST = (
    "`identity/",
    "[below]",
    "[operations]",
    "[settings]",
    "[single sign-on]",
    "none ",
    "no ",
    "none are",
    "we take none",
)


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_exists(name: str) -> None:
    path, function = name.split("::")
    assert re.search(rf"^(?:async )?def {function}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_no_requirement_is_missing_and_none_stands_twice() -> None:
    wanted = sorted(f"{section}.{number}" for section, numbers in SECTIONS.items() for number in numbers)
    assert sorted(number for number, *_rest in ROW.findall(TEXT)) == wanted


@pytest.mark.parametrize("row", ROW.findall(TEXT), ids=lambda row: str(row[0]))
def test_a_requirement_is_shown_or_open_or_has_nothing_to_apply_to(row: tuple[str, str, str, str]) -> None:
    *_rest, shown = row
    is_said = "::" in shown or shown.startswith("**open**: ") or shown.startswith(WITHOUT_A_TEST)
    assert is_said, shown


def test_links_inside_the_document_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= headings
    for path in re.findall(r"\]\(([\w/.-]+\.md)", TEXT):
        assert (ROOT / "docs" / path).exists(), path
