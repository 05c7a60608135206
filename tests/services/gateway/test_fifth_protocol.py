"""The example of docs/connectors.md, as it stands there, in front of a real socket."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings

from services.gateway.connectors import base
from services.registry.models import Backend

MAP = [{"when": "body.outcome == 'ACCEPTED'", "outcome": "completed", "values": {"number": "body.number"}}]


@pytest.fixture(scope="module")
def lines() -> base.Connector:
    text = Path(settings.BASE_DIR, "docs/connectors.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "lines"}
    exec(compile(example, "docs/connectors.md", "exec"), names)  # noqa: S102
    made: base.Connector = names["LinesConnector"]()
    return made


@pytest.fixture
def department() -> Iterator[Callable[[bytes], Backend]]:
    """A department that reads one line and answers with the bytes given; empty hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(with_what: bytes) -> Backend:
        def serve() -> None:
            with suppress(OSError):  # the test is over, or the connector hung up
                line, _ = listening.accept()
                with line:
                    line.recv(4096)
                    line.sendall(with_what)

        Thread(target=serve, daemon=True).start()
        return Backend(connector="lines", address=f"tcp://127.0.0.1:{listening.getsockname()[1]}", timeout_seconds=5)

    yield answer
    listening.close()


def delivery(backend: Backend) -> base.Delivery:
    context = {"form": {"plate": "AB1234"}}
    return base.Delivery(backend, "FRY-1", "td-note", {"plate": "=form.plate"}, MAP, context)


def test_an_answer_is_read_by_the_answer_map(lines: base.Connector, department: Callable[[bytes], Backend]) -> None:
    outcome = lines.send(delivery(department(b'{"outcome": "ACCEPTED", "number": "N1"}\n')))
    assert outcome.reading is not None
    assert (outcome.kind, outcome.reading.values) == ("answered", {"number": "N1"})
    assert json.loads(outcome.exchange["sent"]) == {"plate": "AB1234", "receipt": "FRY-1"}


@pytest.mark.parametrize("said", [b"", b"<html>\n", b'{"outcome": "MAYBE"}\n'])
def test_what_cannot_be_understood_may_have_arrived(
    lines: base.Connector, department: Callable[[bytes], Backend], said: bytes
) -> None:
    assert lines.send(delivery(department(said))).kind == "ambiguous"


def test_nobody_there_is_unreached(lines: base.Connector) -> None:
    nobody = Backend(connector="lines", address="tcp://127.0.0.1:1")
    assert (lines.send(delivery(nobody)).kind, lines.probe(nobody).is_up) == ("unreached", False)


def test_a_look_up_tells_that_it_never_came(lines: base.Connector, department: Callable[[bytes], Backend]) -> None:
    assert lines.lookup(delivery(department(b'{"found": false}\n'))).kind == "unknown_receipt"


def test_nothing_leaves_after_the_lease(lines: base.Connector, department: Callable[[bytes], Backend]) -> None:
    with base.leaving_by(0):
        assert lines.send(delivery(department(b"{}\n"))).kind == "unreached"
