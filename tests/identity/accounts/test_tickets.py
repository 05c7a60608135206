"""A browser is signed in by a telephone: once, soon, by the right person, and by nobody else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from structlog.testing import capture_logs

from identity.accounts import tickets
from identity.accounts.models import SignInTicket, User
from identity.accounts.tasks import forget
from identity.statements import clock
from tests.factories import UserFactory


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def made(**facts: Any) -> tickets.Made:
    return tickets.make(**{"user_agent": "Firefox", "network": "n", **facts})


def approve(ticket: tickets.Made, person: User, **other: Any) -> None:
    facts = {"sealed": tickets.seal(ticket.ticket, person), "number": ticket.ticket.number, "amr": [], **other}
    tickets.answer(ticket.token, person=person, **facts)


def wrong(ticket: tickets.Made) -> int:
    return next(number for number in ticket.ticket.numbers if number != ticket.ticket.number)


def refusal(act: Callable[[], object]) -> tuple[str, list[str]]:
    """The reason given, and those in the security log."""
    with capture_logs() as lines, pytest.raises(tickets.Refused) as refused:
        act()
    return refused.value.reason, [line["reason"] for line in lines if line["event"] == "ticket_refused"]


def test_an_approved_ticket_signs_its_browser_in(person: User) -> None:
    ticket = made(next="/en/calls/")
    approve(ticket, person, amr=["mfa"])
    assert tickets.redeem(ticket.browser) == tickets.Redeemed(person, ["mfa"], "/en/calls/")


def test_the_number_is_one_of_three_different_ones(db: None) -> None:
    ticket = made().ticket
    assert ticket.number in ticket.numbers
    assert len(set(ticket.numbers)) == 3


def test_neither_secret_is_in_the_database(db: None) -> None:
    ticket = made()
    row = str(SignInTicket.objects.values().get())
    assert ticket.token not in row
    assert ticket.browser not in row


def test_nothing_is_redeemed_before_an_answer(db: None) -> None:
    ticket = made()
    assert refusal(lambda: tickets.redeem(ticket.browser)) == ("waiting", ["waiting"])


def test_another_number_refuses_and_ends_the_ticket(person: User) -> None:
    ticket = made()
    assert refusal(lambda: approve(ticket, person, number=wrong(ticket))) == ("number", ["number"])
    assert refusal(lambda: approve(ticket, person))[0] == "answered"
    assert refusal(lambda: tickets.redeem(ticket.browser))[0] == "refused"


def test_a_no_signs_nobody_in(person: User) -> None:
    ticket = made()
    approve(ticket, person, number=None)
    assert refusal(lambda: tickets.redeem(ticket.browser))[0] == "refused"


def test_a_page_that_another_person_opened_signs_nobody_in(person: User) -> None:
    ticket, stranger = made(), UserFactory()
    sealed = tickets.seal(ticket.ticket, person)
    assert refusal(lambda: approve(ticket, stranger, sealed=sealed)) == ("person", ["person"])
    assert refusal(lambda: tickets.redeem(ticket.browser))[0] == "refused"


def test_the_second_person_to_answer_is_refused(person: User) -> None:
    ticket = made()
    approve(ticket, person)
    assert refusal(lambda: approve(ticket, UserFactory())) == ("answered", ["answered"])
    assert tickets.redeem(ticket.browser).person == person


def test_after_two_minutes_nothing_is_approved(person: User) -> None:
    ticket = made()
    SignInTicket.objects.update(created_at=clock() - timedelta(minutes=3), expires_at=clock())
    assert refusal(lambda: approve(ticket, person)) == ("expired", ["expired"])


def test_an_approval_that_nobody_fetched_runs_out(person: User) -> None:
    ticket = made()
    approve(ticket, person)
    SignInTicket.objects.update(created_at=clock() - timedelta(minutes=3), expires_at=clock() - timedelta(minutes=1))
    assert refusal(lambda: tickets.redeem(ticket.browser)) == ("expired", ["expired"])


def test_a_ticket_is_redeemed_once(person: User) -> None:
    ticket = made()
    approve(ticket, person)
    tickets.redeem(ticket.browser)
    assert refusal(lambda: tickets.redeem(ticket.browser)) == ("redeemed", ["redeemed"])


def test_the_secret_of_the_picture_redeems_nothing(person: User) -> None:
    ticket = made()
    approve(ticket, person)
    assert refusal(lambda: tickets.redeem(ticket.token))[0] == "unknown"


def test_a_picture_of_nobody_is_unknown(person: User) -> None:
    assert refusal(lambda: tickets.answer("x", person=person, sealed="", number=10, amr=[]))[0] == "unknown"


def at_once(act: Callable[[], object]) -> int:
    """How many of eight threads it works for."""

    def one(_: int) -> bool:
        try:
            act()
        except tickets.Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(one, range(8)))


def test_of_many_answers_at_once_one_counts(transactional_db: None) -> None:
    ticket, person = made(), UserFactory()
    assert at_once(lambda: approve(ticket, person)) == 1


def test_of_many_redemptions_at_once_one_counts(transactional_db: None) -> None:
    ticket, person = made(), UserFactory()
    approve(ticket, person)
    assert at_once(lambda: tickets.redeem(ticket.browser)) == 1


def test_one_network_gets_only_so_many_a_minute(db: None) -> None:
    for _ in range(tickets.MOST_A_MINUTE):
        made()
    assert refusal(made) == ("many", ["many"])
    made(network="another")


def test_a_ticket_that_was_not_approved_cannot_be_redeemed_in_the_database(db: None) -> None:
    made()
    with pytest.raises(IntegrityError):
        SignInTicket.objects.update(redeemed_at=clock())


def test_old_tickets_are_deleted(db: None) -> None:
    made()
    SignInTicket.objects.update(created_at=clock() - timedelta(days=3))
    forget()
    assert not SignInTicket.objects.exists()
