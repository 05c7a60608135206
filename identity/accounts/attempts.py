"""Guessing made slow for those who guess, and not for those who know.

A guess is paid for before it is tried and paid back if it was right, each by one statement, so that many guesses at
once cost as much as one after the other. After some free ones each wrong guess doubles the wait. The counters are in
the database: they outlive a flushed cache, and all processes share them.

Whom a wait meets follows OWASP's device cookies: an unknown device pays by account and network, by account, and by
network; a device that has signed in to this account before pays for itself alone, whatever others have guessed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from identity.accounts import devices, networks
from identity.accounts.models import GuessCounter, User
from identity.statements import clock, execute, first_row


@dataclass(frozen=True)
class Limit:
    """Free guesses, then a wait that doubles with each, in seconds; all forgotten after a quiet time."""

    name: str
    free: int
    first: int
    longest: int
    forgotten: int


PAIR = Limit("pair", free=5, first=30, longest=3_600, forgotten=86_400)
ACCOUNT = Limit("account", free=100, first=60, longest=900, forgotten=86_400)  # NIST SP 800-63B section 5.2.2
NETWORK = Limit("network", free=60, first=10, longest=600, forgotten=3_600)
DEVICE = Limit("device", free=10, first=30, longest=3_600, forgotten=86_400)

# Pays one guess; gives no row while the wait lasts.
_COUNT = """CASE WHEN kept.last_at < clock_timestamp() - %(forgotten)s * interval '1 second' THEN 1
    ELSE kept.failures + 1 END"""
_WAIT = """CASE WHEN {count} <= %(free)s THEN interval '0' ELSE interval '1 second'
    * least(%(longest)s, %(first)s * power(2, least({count} - %(free)s - 1, 20))) END"""
_PAY = f"""
INSERT INTO accounts_guesscounter AS kept (key, failures, last_at, until)
VALUES (%(key)s, 1, clock_timestamp(), clock_timestamp() + {_WAIT.format(count="1")})
ON CONFLICT (key) DO UPDATE SET
    failures = {_COUNT}, last_at = clock_timestamp(), until = clock_timestamp() + {_WAIT.format(count=_COUNT)}
WHERE kept.until <= clock_timestamp()
RETURNING failures
"""  # noqa: S608 (words of our own)
_REFUND = """UPDATE accounts_guesscounter SET failures = greatest(failures - 1, 0), until = clock_timestamp()
WHERE key = ANY(%s)"""


class Locked(Exception):
    """No guess is taken now; `limit` says which rule, `seconds` how long to wait."""

    def __init__(self, limit: Limit, seconds: int) -> None:
        super().__init__(limit.name)
        self.limit = limit
        self.seconds = seconds


Price = list[tuple[Limit, str]]


def price(request: HttpRequest, name: str, person: User | None) -> Price:
    """What a guess at this name costs this device. A name that nobody has costs the same as anybody's."""
    whose = str(person.pk) if person else f"name:{name.strip().lower()}"
    if person is not None and (device := devices.known(request, person)):
        return [(DEVICE, networks.digest(DEVICE.name, whose, device))]
    network = networks.of(request)
    return [
        (PAIR, networks.digest(PAIR.name, whose, network)),
        (ACCOUNT, networks.digest(ACCOUNT.name, whose)),
        (NETWORK, networks.digest(NETWORK.name, network)),
    ]


def pay(cost: Price) -> None:
    """Count one guess under each key, all or none. Raises Locked."""
    with transaction.atomic():
        for limit, key in sorted(cost, key=lambda item: item[1]):  # one order for all: no deadlock
            values = {"key": key, "free": limit.free, "first": limit.first, "longest": limit.longest}
            if first_row(_PAY, {**values, "forgotten": limit.forgotten}) is None:
                raise Locked(limit, _seconds_left(key))


def pay_back(cost: Price) -> None:
    """The guess was right: nothing is left of what this device paid for itself, the shared counters lose one."""
    own = [key for limit, key in cost if limit in (PAIR, DEVICE)]
    GuessCounter.objects.filter(pk__in=own).delete()
    execute(_REFUND, [[key for _limit, key in cost if key not in own]])


def once(*parts: str, seconds: int) -> bool:
    """Whether this is the first time within so many seconds that these words come; for codes that count once."""
    limit = Limit("once", free=0, first=seconds, longest=seconds, forgotten=seconds)
    try:
        pay([(limit, networks.digest("once", *parts))])
    except Locked:
        return False
    return True


def forget(before: datetime) -> int:
    """Delete counters that nothing was added to since; returns how many."""
    return GuessCounter.objects.filter(last_at__lt=before, until__lt=before).delete()[0]


def _seconds_left(key: str) -> int:
    until = GuessCounter.objects.values_list("until", flat=True).get(pk=key)
    return max(1, -int((clock() - until) // timedelta(seconds=1)))
