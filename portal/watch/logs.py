"""The log: events and plain facts, one line each, with the trace that they belong to. Contents have no way in.

A fact is written only under a name of FACTS and only if it is a plain value. Text is cut, masked where it looks
like a person's number or address, and freed of control characters, so that nobody can forge a line. Of an exception
the type and the place are told; its text only if it is one of ours, because a library's may quote what it choked on.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, date, datetime
from logging.config import dictConfig
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ImproperlyConfigured

from services import traces

Line = MutableMapping[str, Any]

FACTS = frozenset({
    "attempt", "backend", "batch", "call", "client", "connector", "count", "department", "drafts", "error", "files",
    "function", "kind", "method", "ms", "number", "outcome", "part", "person", "queue", "reason", "records",
    "seconds", "state", "status", "task", "view",
})  # fmt: skip
LONGEST_TEXT = 300  # characters of one fact
LONGEST_TRACE = 30  # frames, the innermost
# One list for ever: loggers keep the one that they began with, and structlog's tools change the one that is configured.
PROCESSORS: list[Any] = [structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
OWN = ("portal.", "services.", "identity.")
FORMATS = ("text", "json")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PERSONAL = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}"  # an e-mail address
    r"|(?<![A-Za-z0-9])[A-Za-z]{1,2}\d{6}(?:\([0-9Aa]\)|[0-9Aa](?![A-Za-z0-9-]))"  # an identity card's number
    r"|\+852[ -]?\d{4}[ -]?\d{4}"  # a Hong Kong telephone number
)


def configure(config: Mapping[str, Any]) -> None:
    """What Django calls with LOGGING, in every process."""
    dictConfig(dict(config))
    logging.raiseExceptions = False  # a line that cannot be written would be told to stderr, with its values
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def formatter(shape: str) -> logging.Formatter:
    """For our own events and for other people's messages alike. `shape` is one of FORMATS."""
    if shape not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}, not {shape!r}")
    return structlog.stdlib.ProcessorFormatter(processors=[tell, _as_json if shape == "json" else _as_text])


def tell(_logger: object, _method: str, given: Line) -> Line:
    """The line as it may be written: when, how grave, who says so, what, in which trace, and the facts."""
    record: logging.LogRecord = given.pop("_record")
    given.pop("_from_structlog", None)
    told: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _clean(str(given.pop("event", ""))),
    }
    if trace_id := traces.current_id():
        told["trace_id"] = trace_id
    error = _error_in(given.pop("exc_info", None))
    if record.name == "celery.app.trace" and isinstance(task := getattr(record, "data", None), dict):
        # Its message holds the exception's text and the arguments.
        told["event"], given = "task_failed", {"task": task.get("name")}
    elif record.name == "django.request" and isinstance(status := getattr(record, "status_code", None), int):
        told["event"], given = "request_not_served", _of_request(status, getattr(record, "request", None))
        if status < 500:  # a slip in a form, an old link: nothing that someone should look at
            told["level"] = "info"
    told |= _facts({**structlog.contextvars.get_contextvars(), **given})
    if error is not None:
        told |= {"error": _qualified(type(error)), "exception": _told(error)}
    return told


def _of_request(status: int, request: Any) -> Line:
    """Its message holds the path, in which anybody can write anything."""
    match = getattr(request, "resolver_match", None)
    return {"status": status, "method": getattr(request, "method", ""), "view": match.view_name if match else None}


def _facts(given: Mapping[str, Any]) -> dict[str, Any]:
    kept, dropped = {}, []
    for name, value in given.items():
        if name in {"stack_info", "stack"}:
            continue
        if name in FACTS and _is_plain(value):
            kept[name] = value if value is None or isinstance(value, bool | int | float) else _clean(str(value))
        else:
            dropped.append(name)
    if dropped:
        kept["dropped"] = " ".join(sorted(_clean(name) for name in dropped))
    return kept


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | UUID | date)


def _clean(text: str) -> str:
    masked = _PERSONAL.sub("[masked]", text)
    whole = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", masked)
    return whole if len(whole) <= LONGEST_TEXT else f"{whole[:LONGEST_TEXT]}…"


# --- Exceptions -----------------------------------------------------------------------------------
def _error_in(given: Any) -> BaseException | None:
    found = sys.exc_info() if given is True else given
    error = found[1] if isinstance(found, tuple) else found
    return error if isinstance(error, BaseException) else None


def _told(error: BaseException) -> str:
    """Where it came from, innermost last, without one value; then its causes."""
    parts: list[str] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = traceback.extract_tb(each.__traceback__)[-LONGEST_TRACE:]
        parts.append(
            "\n".join([*(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames), _named(each)])
        )
        each = each.__cause__ or each.__context__
    return "\n-- because of --\n".join(parts)


def _named(error: BaseException) -> str:
    name = _qualified(type(error))
    return f"{name}: {_clean(str(error))}" if name.startswith(OWN) else name


def _qualified(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


# --- Shapes ---------------------------------------------------------------------------------------
def _as_json(_logger: object, _method: str, told: Line) -> str:
    return json.dumps(told, ensure_ascii=False)


def _as_text(_logger: object, _method: str, told: Line) -> str:
    exception = told.pop("exception", "")
    head = f"{told.pop('at')} {told.pop('level').upper():8}{told.pop('logger')} {told.pop('event')}"
    facts = (f"{name}={_quoted(value)}" for name, value in told.items())
    return " ".join([head, *facts]) + (f"\n{exception}" if exception else "")


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[\s"=]', text) else text
