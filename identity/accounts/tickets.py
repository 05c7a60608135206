"""Signing a browser in by a telephone that is signed in: a picture to scan, a number to compare, an answer.

The browser that asks keeps one secret in its session, the picture holds another; the database holds digests of both.
A ticket is answered once and redeemed once, each by one statement, within two minutes of its making.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from identity.accounts import networks
from identity.accounts.models import SignInTicket, User
from identity.security import logger, pseudonym
from identity.statements import clock, first_row

LIFETIME = timedelta(minutes=2)
GRACE_SECONDS = 10  # for the browser to come by after the answer
MOST_A_MINUTE = 120  # from one network
LONGEST_AGENT = 300  # characters kept of what a browser says it is
LONGEST_NEXT = 2000

_ANSWER = """
UPDATE accounts_signinticket
SET answer = CASE WHEN number = %s THEN 'approved' ELSE 'refused' END, person_id = %s, amr = %s
WHERE token_digest = %s AND answer = '' AND expires_at > clock_timestamp()
RETURNING answer
"""
_REDEEM = """
UPDATE accounts_signinticket SET redeemed_at = clock_timestamp()
WHERE browser_digest = %s AND answer = 'approved' AND redeemed_at IS NULL
  AND expires_at > clock_timestamp() - %s * interval '1 second'
RETURNING person_id, amr, next
"""


class Refused(Exception):
    """A ticket does not do what was asked of it; `reason` is one of unknown, expired, answered, person, number, many,
    redeemed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Made:
    """A new ticket with the two secrets that are nowhere else: for the picture, and for the browser's session."""

    ticket: SignInTicket
    token: str
    browser: str


@dataclass(frozen=True)
class Redeemed:
    """Who signs in, by what the telephone's session had proved, and where they wanted to go."""

    person: User
    amr: list[str]
    next: str


def make(*, user_agent: str, network: str, next: str = "") -> Made:
    """A ticket of two minutes with a number of two digits, and three to choose from. Raises Refused("many")."""
    now = clock()
    if SignInTicket.objects.filter(network=network, created_at__gt=now - timedelta(minutes=1)).count() >= MOST_A_MINUTE:
        logger.warning("ticket_refused", reason="many")
        raise Refused("many")
    chance = secrets.SystemRandom()
    numbers = chance.sample(range(10, 100), 3)
    token, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    ticket = SignInTicket.objects.create(
        token_digest=_digest(token),
        browser_digest=_digest(browser),
        number=chance.choice(numbers),
        numbers=numbers,
        user_agent=user_agent[:LONGEST_AGENT],
        network=network,
        next=next if len(next) <= LONGEST_NEXT else "",
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return Made(ticket, token, browser)


def for_phone(token: str) -> SignInTicket:
    """The ticket of a picture while it can be answered. Raises Refused."""
    ticket = SignInTicket.objects.filter(token_digest=_digest(token)).first()
    if ticket is None:
        raise Refused("unknown")
    if ticket.answer:
        raise Refused("answered")
    if ticket.expires_at <= clock():
        raise Refused("expired")
    return ticket


def of_browser(browser: str) -> SignInTicket | None:
    """The ticket that this browser asked for."""
    return SignInTicket.objects.filter(browser_digest=_digest(browser)).first()


def state(ticket: SignInTicket) -> str:
    """`waiting`, `approved`, `refused`, `expired` or `redeemed`."""
    if ticket.redeemed_at:
        return "redeemed"
    if ticket.answer == SignInTicket.Answer.REFUSED:
        return "refused"
    if ticket.expires_at + timedelta(seconds=GRACE_SECONDS if ticket.answer else 0) <= clock():
        return "expired"
    return "approved" if ticket.answer else "waiting"


def seal(ticket: SignInTicket, person: User) -> str:
    """Goes with the telephone's page, so that only the person who read it can answer on it."""
    return networks.digest("ticket", str(ticket.pk), str(person.pk))


def answer(token: str, *, person: User, sealed: str, number: int | None, amr: list[str]) -> None:
    """Approve with the number that the browser shows; no number refuses. Whatever is wrong ends the ticket.

    Raises Refused, and says so in the security log: another number than the browser's (`number`), a page that another
    person had opened (`person`), too late (`expired`), answered before (`answered`), no such ticket (`unknown`).
    """
    try:
        is_theirs = secrets.compare_digest(seal(for_phone(token), person), sealed)
        chosen = number if is_theirs else None
        row = first_row(_ANSWER, [chosen, person.pk, amr, _digest(token)])
        if row is None:
            for_phone(token)  # says why
            raise Refused("expired")
        if not is_theirs:
            raise Refused("person")
        if number is not None and row[0] != SignInTicket.Answer.APPROVED:
            raise Refused("number")
    except Refused as refused:
        logger.warning("ticket_refused", reason=refused.reason, person=pseudonym(person))
        raise


def redeem(browser: str) -> Redeemed:
    """Take what the telephone approved: once. Raises Refused, and says so in the security log."""
    row: tuple[UUID, list[str], str] | None = first_row(_REDEEM, [_digest(browser), GRACE_SECONDS])
    if row is None:
        ticket = of_browser(browser)
        reason = state(ticket) if ticket else "unknown"
        logger.warning("ticket_refused", reason=reason)
        raise Refused(reason)
    return Redeemed(User.objects.get(pk=row[0]), row[1], row[2])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
