"""The example rules ask for figures that exist, and the documentation names every figure."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.watch import correlation, metrics
from services import figures
from services.forms import figures as of_forms
from services.gateway import figures as of_calls

ROOT = Path(__file__).resolve().parents[3]
ASKED = re.compile(r"\bferry_\w+")
KNOWN_ONCE_IMPORTED = (correlation, of_forms, of_calls)


def names() -> set[str]:
    """Every figure, as Prometheus stores it."""
    found = {"ferry_part_up", "ferry_backend_info", "ferry_breaker_state", "ferry_queue_age_seconds", *metrics.GAUGES}
    for name, figure in figures.known.items():
        found |= {f"{name}_bucket"} if isinstance(figure, figures.Histogram) else {f"{name}_total"}
    return found


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / "docs/alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_whole_and_asks_for_figures_that_exist(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert set(ASKED.findall(rule["expr"])) <= names()
    assert [rule["expr"].count(left) - rule["expr"].count(right) for left, right in ("()", "[]", "{}")] == [0, 0, 0]


def test_every_figure_is_documented() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    assert [name for name in names() if f"`{name.removesuffix('_bucket')}`" not in text] == []
