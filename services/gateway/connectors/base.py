"""The one interface of all connectors, for request/answer protocols and for batches alike."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from services.gateway.mapping import Reading
from services.registry.models import Backend


@dataclass(frozen=True)
class Delivery:
    """What a connector needs of a call: the receipt is the backend's idempotency key on every attempt."""

    backend: Backend
    receipt: str
    function: str
    request_map: Mapping[str, Any]
    answer_map: list[dict[str, Any]]
    context: dict[str, Any]  # what templates may mention: see delivery_of
    traceparent: str = ""  # W3C Trace Context, for the backend's header; may be empty


@dataclass(frozen=True)
class Outcome:
    """How an exchange ended.

    `answered`: the department spoke, `reading` says what. `busy`: it asked us to come again; nothing was filed.
    `unreached`: the request surely did not arrive. `ambiguous`: it may have arrived. `unknown_receipt`: a look-up
    found that it had not. `unsendable`: our own request could not be built; no retry will help.
    """

    kind: str
    reading: Reading | None = None
    detail: str = ""  # technical, never contents
    retry_after_seconds: float | None = None
    expected_at: datetime | None = None  # of a `waiting` reading: when more is to be heard
    trouble: str = ""  # of a `waiting` reading: what it waits for, as story.py has words for it
    exchange: dict[str, Any] = field(default_factory=dict)  # request and answer as they were, for the officer's try

    ANSWERED: ClassVar = "answered"
    BUSY: ClassVar = "busy"
    UNREACHED: ClassVar = "unreached"
    AMBIGUOUS: ClassVar = "ambiguous"
    UNKNOWN_RECEIPT: ClassVar = "unknown_receipt"
    UNSENDABLE: ClassVar = "unsendable"


@dataclass(frozen=True)
class Probe:
    """Whether a backend is up."""

    is_up: bool
    detail: str = ""


@dataclass(frozen=True)
class Misfit:
    """A value that the backend's record has no room or no letters for."""

    names: frozenset[str]  # the form's fields that it came from
    message: str  # for the person, in the active language: what to change


@dataclass(frozen=True)
class News:
    """What a batch exchange learned about one call."""

    receipt: str
    outcome: Outcome
    kind: str  # an Attempt.Kind: `batch` when it left with a file, `answer` when the answer came


_leaves_by: ContextVar[float] = ContextVar("leaves_by", default=math.inf)


@contextmanager
def leaving_by(moment: float) -> Iterator[None]:
    """Until that moment of time.monotonic() what is sent in here may leave; later another may have sent it."""
    token = _leaves_by.set(moment)
    try:
        yield
    finally:
        _leaves_by.reset(token)


def may_leave() -> bool:
    """To be asked right before bytes go onto the wire: a process may have slept since it took the call.

    If not, the outcome is `unreached`: whoever found the call left behind may have sent it meanwhile.
    """
    return time.monotonic() < _leaves_by.get()


class Connector(ABC):
    """Speaks one protocol. One instance a process serves all threads and all backends of that protocol."""

    key: ClassVar[str]
    label: ClassVar[Any]  # for people; lazily translated where it is a word
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")  # of a backend's address
    settings_schema: ClassVar[dict[str, Any]]

    @abstractmethod
    def send(self, delivery: Delivery) -> Outcome:
        """Deliver once, within backend.timeout_seconds. Never raises for what the other side does."""

    @abstractmethod
    def lookup(self, delivery: Delivery) -> Outcome:
        """Ask what became of a receipt; `ambiguous` when even that is not known."""

    @abstractmethod
    def probe(self, backend: Backend) -> Probe:
        """Ask whether the backend is up, without filing anything."""

    @abstractmethod
    def check_request(self, request_map: Any) -> None:
        """Raise ValueError, saying where, unless a version's request map can be sent."""

    def check_request_to(self, backend: Backend, request_map: Any) -> None:
        """The same, with what is known of the one backend. Files nothing."""
        self.check_request(request_map)

    def check_backend(self, backend: Backend) -> None:
        """Raise ValueError, saying where, for settings that the schema alone cannot judge."""
        return

    def misfits(self, delivery: Delivery) -> list[Misfit]:
        """What of the form the backend could only take cut short: asked before a call is accepted. Sends nothing."""
        return []


class BatchConnector(Connector):
    """A protocol whose calls leave together in a file and are answered by a file later.

    `send` puts the call into the next file (a row in our own database, so it can be repeated) and answers with a
    `waiting` reading; `lookup` says what is known of the call's line.
    """

    @abstractmethod
    def exchange(self, backend: Backend, now: datetime) -> Iterable[News]:
        """Let a file leave if it is time, read the answer files that have come; what was learned, call by call.

        Called by one worker at a time for each backend, while its counter is open. May be killed anywhere and called
        again. The caller writes a piece of news down before it asks for the next. Raises errors.ExchangeFailed when
        the backend cannot be reached.
        """

    @abstractmethod
    def take_back(self, receipt: str) -> bool:
        """Take a call out of the file that it waits for; False if the file is sealed already."""
