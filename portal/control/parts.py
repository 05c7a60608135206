"""The parts of the portal itself, as /health/ready reports them."""

from dataclasses import dataclass

from portal import health
from portal.control.wording import PART_STATES, PARTS


@dataclass(frozen=True)
class Part:
    """One process or server, with a word for how it is and the word's tone."""

    name: str
    code: str  # ok, down, unknown
    state: str
    tone: str


def of_portal() -> list[Part]:
    """Asks the database and the broker; the web is well, for it is speaking."""
    codes = {"web": "ok", "database": health.database(), **health.pulses()}
    return [Part(str(PARTS[name]), code, *map(str, PART_STATES[code])) for name, code in codes.items()]
