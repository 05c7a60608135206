import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"environment\.(?:text|flag|number|share|words)\(\s*['\"]([A-Z_]+)['\"]")


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    read = set(READ.findall((ROOT / "portal/settings.py").read_text()))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert documented == read
