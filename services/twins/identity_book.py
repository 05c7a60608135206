"""What the demonstration identity app remembers while it runs: what services ask, and what it gave them."""

import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.twins.identity_keys import SigningRoom
from services.twins.identity_people import Person
from services.twins.identity_wire import Service

ASK_SECONDS = 300
CODE_SECONDS = 60
TOKEN_SECONDS = 3600
MOST = 5000  # asks and tokens that are remembered
SLOW_MS = 3000


class Mode(StrEnum):
    """How the app behaves. The faults of a person (cancel …) come whatever is pressed on the phone."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    ERROR = "error"
    CANCEL = "cancel"
    REJECT = "reject"
    TIME_OUT = "time_out"
    REPLAYED_CALLBACK = "replayed_callback"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_PERSON = "wrong_person"
    WRONG_DOCUMENT = "wrong_document"


@dataclass
class Ask:
    """One thing that a service wants of a person: a log-in (`auth`), or what its ticket is for."""

    kind: str  # auth, profile, eme, stepup, signing
    redirect_uri: str
    state: str
    language: str
    is_here: bool
    person: Person | None = None  # whom it is for; anybody for a log-in
    business_id: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    made_at: float = field(default_factory=time.monotonic)
    outcome: str = ""  # approved, or a code
    code: str = ""

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.made_at > ASK_SECONDS


@dataclass(frozen=True)
class Grant:
    """An access token, or a code that may become one."""

    person: Person
    made_at: float

    def is_good(self, seconds: float) -> bool:
        return time.monotonic() - self.made_at < seconds


@dataclass
class Book:
    service: Service
    address: str  # of this app, without a slash
    signing: SigningRoom
    mode: Mode = Mode.OK
    delay_ms: int = 0
    asks: dict[str, Ask] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)

    def note(self, ask: Ask) -> Ask:
        """Remember it; the oldest go when there are too many."""
        for kept in (self.asks, self.codes, self.tokens):
            while len(kept) >= MOST:
                del kept[next(iter(kept))]
        self.asks[ask.id] = ask
        return ask

    def give_code(self, person: Person) -> str:
        code = secrets.token_urlsafe(24)
        self.codes[code] = Grant(person, time.monotonic())
        return code

    def redeem(self, code: str) -> Person | None:
        """Whose code it was; each is good once."""
        grant = self.codes.pop(code, None)
        return grant.person if grant and grant.is_good(CODE_SECONDS) else None

    def give_token(self, person: Person) -> str:
        token = secrets.token_urlsafe(32)
        self.tokens[token] = Grant(person, time.monotonic())
        return token

    def person_of(self, token: object, open_id: object) -> Person | None:
        grant = self.tokens.get(token) if isinstance(token, str) else None
        if grant is None or not grant.is_good(TOKEN_SECONDS):
            return None
        return grant.person if grant.person.open_id(self.service.client_id) == open_id else None

    def waiting_for(self, person: Person) -> list[Ask]:
        """What waits in this person's app, newest first."""
        mine = [ask for ask in self.asks.values() if ask.person == person and not ask.outcome and not ask.is_late]
        return sorted((ask for ask in mine if ask.kind != "auth"), key=lambda ask: -ask.made_at)
