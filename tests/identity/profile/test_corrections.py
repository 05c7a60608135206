import threading
from datetime import date

import pytest
from django.db import connection

from identity.accounts.models import User
from identity.profile import corrections, flows
from identity.profile.errors import AlreadyKnown, NotCorrectable, NotOpen, Unusable
from identity.profile.models import CorrectionRequest
from tests.factories import UserFactory


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory()
    flows.store(made, "name_en", "CHAN Tai Man", source="immd", checked_on=date(2025, 3, 12))
    flows.store(made, "hkid", "A123456(3)", source="immd", checked_on=date(2025, 3, 12))
    flows.store(made, "phone", "+85291234567", source="person", checked_on=date(2026, 1, 20))
    return made


def test_a_report_reaches_the_owner_of_the_register_with_the_value_as_it_stood(person: User) -> None:
    made = corrections.report(person, "name_en", remark="CHAN Tai Ming", seen_in="td-licence")
    flows.store(person, "name_en", "CHAN Siu Man", source="immd", checked_on=date(2026, 2, 1))
    kept = CorrectionRequest.objects.get(ticket=made.ticket)
    assert (kept.owner, kept.value, kept.remark, kept.seen_in) == (
        "immd", "CHAN Tai Man", "CHAN Tai Ming", "td-licence",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["phone", "sex", "unheard_of"])
def test_only_what_an_authority_vouches_for_is_reported(person: User, name: str) -> None:
    with pytest.raises(NotCorrectable):
        corrections.report(person, name)


def test_a_second_press_gives_the_same_ticket(person: User) -> None:
    assert corrections.report(person, "hkid").ticket == corrections.report(person, "hkid").ticket


def test_many_presses_at_once_make_one_report(transactional_db: None) -> None:
    person = UserFactory()
    flows.store(person, "hkid", "A123456(3)", source="immd", checked_on=date(2025, 3, 12))
    tickets: list[str] = []

    def press() -> None:
        tickets.append(corrections.report(person, "hkid").ticket)
        connection.close()

    threads = [threading.Thread(target=press) for _each in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tickets) == 5
    assert len(set(tickets)) == 1


def test_the_owners_answer_puts_the_profile_right(person: User) -> None:
    officer = UserFactory()
    made = corrections.report(person, "name_en")
    done = corrections.answer(made, by=officer, text="You are right.", right="CHAN Tai Ming")
    assert (done.state, done.answered_by) == ("corrected", officer)
    known = flows.read(person)["name_en"]
    assert (known.value, known.source, known.law) == ("CHAN Tai Ming", "immd", "cap177")


def test_an_answer_without_another_value_confirms_the_one_there_is(person: User) -> None:
    made = corrections.report(person, "name_en")
    assert corrections.answer(made, by=UserFactory(), text="It is as on your card.").state == "confirmed"
    assert flows.read(person)["name_en"].value == "CHAN Tai Man"


def test_a_report_is_answered_once(person: User) -> None:
    made = corrections.report(person, "name_en")
    corrections.answer(made, by=UserFactory(), text="Yes.")
    with pytest.raises(NotOpen):
        corrections.answer(made, by=UserFactory(), text="No.")
    with pytest.raises(NotOpen):
        corrections.explain(made, remark="One more thing")


def test_a_wrong_answer_changes_nothing(person: User) -> None:
    flows.store(UserFactory(), "hkid", "G123456(A)", source="immd", checked_on=date(2025, 3, 12))
    made = corrections.report(person, "hkid")
    with pytest.raises(Unusable):
        corrections.answer(made, by=UserFactory(), text="Here.", right="A123456(4)")
    with pytest.raises(AlreadyKnown):
        corrections.answer(made, by=UserFactory(), text="Here.", right="G123456(A)")
    with pytest.raises(Unusable):
        corrections.answer(made, by=UserFactory(), text="  ")
    made.refresh_from_db()
    assert (made.state, flows.read(person)["hkid"].value) == ("open", "A123456(3)")
