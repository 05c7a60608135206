"""Every event in the code can be written down as it is meant, and is explained to whoever reads the log."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.watch import logs

ROOT = Path(__file__).resolve().parents[3]
VERBS = {"debug", "info", "warning", "error", "exception", "critical"}


def events() -> Iterator[tuple[str, ast.Call]]:
    """Each call of a logger in the three wings, with its place."""
    paths = [path for wing in ("portal", "services", "identity") for path in (ROOT / wing).rglob("*.py")]
    for path in paths:
        if "twins" in path.parts:  # a demonstration, without the portal's log
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and is_of_a_logger(node.func):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_of_a_logger(called: ast.expr) -> bool:
    is_verb = isinstance(called, ast.Attribute) and called.attr in VERBS
    return is_verb and ast.unparse(called).startswith("logger.")


@pytest.mark.parametrize(("place", "call"), [pytest.param(*each, id=each[0]) for each in events()])
def test_an_event_is_a_documented_name_with_facts_that_the_log_accepts(place: str, call: ast.Call) -> None:
    (event,) = call.args
    assert isinstance(event, ast.Constant)
    assert isinstance(event.value, str)
    assert re.fullmatch(r"[a-z_]+", event.value)
    assert {keyword.arg for keyword in call.keywords} <= logs.FACTS
    assert f"`{event.value}`" in (ROOT / "docs/operations.md").read_text()
