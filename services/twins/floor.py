"""The floor on which all twins stand: who is there, how each behaves just now, and their ledger."""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aiohttp import web
from aiohttp.typedefs import Handler

from services.twins.answers import HONG_KONG, Answer, Submission, answer_to
from services.twins.catalogue import Backend, Catalogue
from services.twins.ledger import Effect, Ledger
from services.twins.ports import Ports

RECEIPT = re.compile(r"[\x21-\x7e]{1,100}")


class Mode(StrEnum):
    OK = "ok"
    SLOW = "slow"
    HANG = "hang"
    DOWN = "down"
    ERROR = "error"
    GARBAGE = "garbage"
    DROP_AFTER_ACCEPT = "drop_after_accept"
    LATER = "later"
    FLAPPING = "flapping"


SLOW_DELAY_MS = 3000
FLAP_MS = 500
ILL = (Mode.DOWN, Mode.ERROR, Mode.DROP_AFTER_ACCEPT, Mode.GARBAGE)  # of a flapping backend, in turn


@dataclass(frozen=True)
class Behaviour:
    """What a backend does with a call, and how many milliseconds it lets its answer wait."""

    mode: Mode = Mode.OK
    delay_ms: int = 0

    @property
    def delay_seconds(self) -> float:
        if self.mode is Mode.SLOW and not self.delay_ms:
            return SLOW_DELAY_MS / 1000
        return self.delay_ms / 1000 if self.mode in (Mode.OK, Mode.SLOW) else 0.0

    def at(self, seconds: float) -> "Behaviour":
        """How it behaves at that moment of a clock: a flapping one is well and ill in turn, each for delay_ms."""
        if self.mode is not Mode.FLAPPING:
            return self
        turn = int(seconds * 1000 / (self.delay_ms or FLAP_MS))
        return Behaviour(ILL[turn // 2 % len(ILL)] if turn % 2 else Mode.OK)


@dataclass
class Floor:
    catalogue: Catalogue
    ledger: Ledger
    ports: Ports
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.behaviours.update({code: Behaviour() for code in self.catalogue.backends})

    def address_of(self, backend: Backend) -> str:
        """Empty while there is no twin of its kind."""
        if not backend.is_served:
            return ""
        if backend.transport == "sftp-batch":
            return f"sftp://{backend.code}@127.0.0.1:{self.ports.sftp}/"
        bases = {"fixed-width": f"tcp://127.0.0.1:{self.ports.records}"}
        return f"{bases.get(backend.transport, f'http://127.0.0.1:{self.ports.web}')}/{backend.code}/"

    def backend_for(self, request: web.Request, transport: str) -> Backend:
        """The backend in the path; raises 404 if there is none or it does not speak this protocol."""
        backend = self.catalogue.backends.get(request.match_info["backend"])
        if backend is None or backend.transport != transport:
            raise web.HTTPNotFound(reason="No such service")
        return backend

    def file(self, submission: Submission, *, operation: str, body: bytes, shown: str | None = None) -> Answer:
        """Decide, write it into the ledger and return the answer, with nothing in between.

        `shown` is the body as a person can read it, where the body is no UTF-8.
        """
        answer = answer_to(submission)
        effect = Effect.REFUSED if answer["outcome"] == "REFUSED" else Effect.FILED
        self._enter(submission.backend, submission.receipt, operation, effect, body, answer, shown)
        return answer

    def replay(self, backend: Backend, receipt: str, *, operation: str, body: bytes) -> Answer | None:
        """The first answer to a receipt that has been here before, noting that it came again."""
        answer = self.ledger.first_answer(backend.code, receipt)
        if answer is not None:
            self._enter(backend, receipt, operation, Effect.REPLAYED, body, answer)
        return answer

    def _enter(
        self,
        backend: Backend,
        receipt: str,
        operation: str,
        effect: Effect,
        body: bytes,
        answer: Answer,
        shown: str | None = None,
    ) -> None:
        self.ledger.enter(
            backend=backend.code,
            receipt=receipt,
            operation=operation,
            effect=effect,
            at=now(),
            body=body,
            answer=answer,
            shown=shown,
            traceparent=TRACEPARENT.get(),
        )


FLOOR = web.AppKey("floor", Floor)
TRACEPARENT = ContextVar("traceparent", default="")  # the header of the request in hand, for the ledger


@web.middleware
async def note_trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    TRACEPARENT.set(request.headers.get("traceparent", "")[:100])
    return await handler(request)


def now() -> datetime:
    return datetime.now(HONG_KONG)


def is_receipt(text: str) -> bool:
    return RECEIPT.fullmatch(text) is not None
