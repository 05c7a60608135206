"""The one interface of all connectors, for request/answer protocols and for batches alike."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    context: dict[str, Any]  # what templates may mention: form, files, receipt, function, submitted_at, language


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


class Connector(ABC):
    """Speaks one protocol. One instance a process serves all threads and all backends of that protocol.

    A batch protocol puts the call into its next file in `send` and answers with a `waiting` reading; when the answer
    file comes, `lookup` finds the call's line in it.
    """

    key: ClassVar[str]
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
