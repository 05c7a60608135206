"""What the log says, what it never says, and that nobody can forge a line of it."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from structlog.testing import capture_logs

from portal.watch import logs
from services import traces
from services.gateway.errors import MappingError
from services.twins.floor import Mode
from tests.portal.watch.test_correlation import GIVEN, TRACE
from tests.services.gateway import delivering
from tests.services.gateway.conftest import MakeCall
from tests.services.twins.running import Twins

Written = Callable[[], list[dict[str, Any]]]
PERSONAL = ["A123456(3)", "ab987654A", "chan.tai-man@example.hk", "+852 9123 4567", "+85291234567"]


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """Where the root logger writes meanwhile, in JSON."""
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(logs.formatter("json"))
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def written(stream: StringIO) -> Written:
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


logger = structlog.get_logger("services.tests")


def test_an_event_is_one_line_with_its_facts(written: Written) -> None:
    logger.info("attempt_ended", backend="td-rest", ms=12)
    (line,) = written()
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info", "logger": "services.tests", "event": "attempt_ended", "backend": "td-rest", "ms": 12,
    }  # fmt: skip


def test_each_line_of_a_request_carries_its_trace_other_peoples_too(written: Written) -> None:
    with traces.span("request", parent=traces.parse(GIVEN)):
        logger.info("attempt_ended")
        logging.getLogger("django.request").warning("Not Found: %s", "/nowhere")
    assert [line["trace_id"] for line in written()] == [TRACE, TRACE]


def test_a_request_that_failed_is_told_by_its_view_never_by_its_path(
    written: Written, client: Client, db: None
) -> None:
    client.get("/en/functions/my-name-is-chan/")
    (line,) = [line for line in written() if line["logger"] == "django.request"]
    assert (line["event"], line["status"], line["view"]) == ("request_not_served", 404, "web:function")
    assert line["level"] == "info"
    assert "chan" not in json.dumps(line)


@pytest.mark.parametrize("contents", [{"hkid": "A123456(3)"}, ["A123456(3)"], b"A123456(3)", object()])
def test_contents_are_dropped_even_under_an_allowed_name(written: Written, contents: object) -> None:
    logger.info("attempt_ended", reason=contents)
    (line,) = written()
    assert "reason" not in line
    assert line["dropped"] == "reason"


def test_a_fact_under_a_name_that_nobody_allowed_is_dropped(written: Written) -> None:
    logger.info("attempt_ended", applicant_name="CHAN Tai Man")
    (line,) = written()
    assert "CHAN" not in json.dumps(line)
    assert line["dropped"] == "applicant_name"


@pytest.mark.parametrize("value", PERSONAL)
def test_what_looks_like_a_persons_number_or_address_is_masked(written: Written, value: str) -> None:
    logger.warning("batch_trouble", reason=f"cannot read {value} here")
    logging.getLogger("some.library").warning("cannot read %s here", value)
    own, foreign = written()
    assert own["reason"] == foreign["event"] == "cannot read [masked] here"


@pytest.mark.parametrize(
    "receipt", ["FRY-7K3M-2QWX-9ABC", "20261124-000123", "AB1234", "f6274326-2574-4c03-998e-f91488c1ab28"]
)
def test_a_code_is_no_persons_number(written: Written, receipt: str) -> None:
    logger.info("attempt_ended", reason=receipt)
    assert written()[0]["reason"] == receipt


@pytest.mark.parametrize("shape", logs.FORMATS)
def test_nobody_can_forge_a_line(shape: str) -> None:
    formatter = logs.formatter(shape)
    forged = "x\n2026-01-01T00:00:00Z INFO     forged\r\x1b[2J\u2028\x85y"
    record = logging.LogRecord("django.security", logging.WARNING, "", 0, "Invalid host: %s", (forged,), None)
    line = formatter.format(record)
    assert len(line.splitlines()) == 1
    assert not any(mark in line for mark in "\r\x1b\u2028\x85")


def test_of_an_exception_the_place_is_told_and_a_librarys_words_are_not(written: Written) -> None:
    try:
        try:
            raise KeyError("CHAN Tai Man")
        except KeyError as error:
            raise MappingError("/body/name: no such field") from error
    except MappingError:
        logger.exception("connector_broke")
    (line,) = written()
    assert line["error"] == "services.gateway.errors.MappingError"
    assert "/body/name: no such field" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "KeyError" in line["exception"]
    assert "CHAN" not in json.dumps(line)


def test_a_failed_task_is_told_without_its_arguments_and_its_exceptions_words(written: Written) -> None:
    context = {"name": "gateway.look_up", "args": "('CHAN Tai Man',)", "exc": "KeyError('CHAN Tai Man')"}
    try:
        raise KeyError("CHAN Tai Man")
    except KeyError:
        text = "Task %(name)s raised unexpected: %(exc)s"
        logging.getLogger("celery.app.trace").error(text, context, exc_info=True, extra={"data": context})
    (line,) = written()
    assert (line["event"], line["task"], line["error"]) == ("task_failed", "gateway.look_up", "KeyError")
    assert "CHAN" not in json.dumps(line)


def test_the_readable_shape_quotes_what_needs_it() -> None:
    record = logging.LogRecord(
        "services.x", logging.INFO, "", 0, {"event": "batch_trouble", "reason": "a b=c"}, (), None
    )
    record._logger, record._name = None, "info"
    assert logs.formatter("text").format(record).endswith('INFO    services.x batch_trouble reason="a b=c"')


def test_an_unknown_shape_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT"):
        logs.formatter("xml")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["ok", *(mode for mode in Mode if mode is not Mode.OK and mode is not Mode.SLOW)])
@pytest.mark.parametrize("connector", ["rest", "soap"])
def test_however_a_delivery_ends_the_log_names_the_call_and_no_contents(
    make_call: MakeCall, twins: Twins, stream: StringIO, written: Written, connector: str, mode: str
) -> None:
    twins.set_mode("_all", mode)
    form = {"licence_number": "VOID-SECRET-77", "note": "my neighbour CHAN Tai Man"}
    call = make_call(connector, form, traceparent=GIVEN)
    delivering.deliver(call.pk)
    assert not any(value in stream.getvalue() for value in ("SECRET-77", "CHAN", "neighbour"))
    (line,) = [line for line in written() if line["event"] == "attempt_ended"]
    assert (line["call"], line["backend"], line["trace_id"]) == (str(call.pk), f"td-{connector}", TRACE)


def test_a_logger_that_wrote_before_is_still_heard_after_the_log_is_configured_anew(settings: LazySettings) -> None:
    logger = structlog.get_logger("ferry.tests")
    logger.warning("before")
    logs.configure(settings.LOGGING)
    with capture_logs() as lines:
        logger.warning("after")
    assert [line["event"] for line in lines] == ["after"]
