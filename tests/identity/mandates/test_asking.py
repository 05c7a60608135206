import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates import flows
from identity.mandates.errors import MandateError, NotOpen, NotYours, TooMany, WrongCode, WrongLimits
from identity.mandates.models import Entry, Mandate, Organisation
from tests.factories import OfficerFactory
from tests.mandates import accepted, asked, expired, limits


def verbs(mandate: Mandate) -> list[str]:
    return [entry.verb for entry in mandate.journal.all()]


def test_an_ask_that_is_accepted_is_in_force_and_names_both_in_both_scripts(daughter: User, mother: User) -> None:
    mandate = accepted(daughter, mother)
    assert list(Mandate.objects.in_force(timezone.now())) == [mandate]
    assert mandate.names["agent"] == {"en": "CHAN Siu Ling", "zh": "陳小玲"}
    assert mandate.names["principal"] == {"en": "LEUNG Mei Ling", "zh": "梁美玲"}
    assert verbs(mandate) == ["asked", "accepted"]


def test_an_offer_is_accepted_by_the_agent(daughter: User, mother: User) -> None:
    offered = flows.offer(by=mother, kind="parent", limits=limits(), address="daughter")
    mandate = flows.accept(offered, by=daughter)
    assert (mandate.agent, mandate.principal_person) == (daughter, mother)


def test_nobody_accepts_their_own_ask(daughter: User, mother: User, security_log: list[dict[str, str]]) -> None:
    mandate = asked(daughter, mother)
    with pytest.raises(NotYours):
        flows.accept(mandate, by=daughter)
    assert [line["event"] for line in security_log] == ["mandate_decision_refused"]


def test_a_stranger_accepts_nothing(daughter: User, mother: User, stranger: User) -> None:
    with pytest.raises(NotYours):
        flows.accept(asked(daughter, mother), by=stranger)


def test_what_was_refused_cannot_be_accepted_later(daughter: User, mother: User) -> None:
    mandate = flows.refuse(asked(daughter, mother), by=mother)
    with pytest.raises(NotOpen):
        flows.accept(mandate, by=mother)


@pytest.mark.parametrize("address", ["daughter", "DAUGHTER", "daughter@example.hk"])
def test_nobody_asks_themselves(daughter: User, address: str) -> None:
    with pytest.raises(NotYours):
        flows.ask(by=daughter, kind="other", limits=limits(), address=address)


def test_an_ask_of_nobody_looks_like_any_other(daughter: User, mother: User) -> None:
    known = asked(daughter, mother)
    unknown = flows.ask(by=daughter, kind="parent", limits=limits(), address="no-such-person")
    assert (known.state, verbs(known)) == (unknown.state, verbs(unknown))
    assert unknown.principal_person is None


def test_an_ask_by_another_name_of_the_same_person_looks_like_one_of_nobody(daughter: User, mother: User) -> None:
    EmailAddress.objects.create(user=mother, email="mei@example.hk", verified=True)
    first = asked(daughter, mother)
    second = flows.ask(by=daughter, kind="parent", limits=limits(), address="mei@example.hk")
    assert (second.pk != first.pk, second.principal_person) == (True, None)


def test_an_address_that_nobody_has_confirmed_finds_nobody(daughter: User, mother: User) -> None:
    mandate = flows.ask(by=daughter, kind="parent", limits=limits(), address=mother.email)
    assert mandate.principal_person is None


def test_the_same_ask_twice_is_one(daughter: User, mother: User) -> None:
    assert asked(daughter, mother) == asked(daughter, mother)
    assert Mandate.objects.count() == 1


def test_a_person_has_only_so_many_open_asks(daughter: User) -> None:
    for number in range(flows.MOST_OPEN_ASKS):
        flows.ask(by=daughter, kind="other", limits=limits(), address=f"nobody-{number}")
    with pytest.raises(TooMany):
        flows.ask(by=daughter, kind="other", limits=limits(), address="one-more")


@pytest.mark.parametrize("wrong", [limits("read", days=-1), limits("read", days=4000), limits("fly")])
def test_limits_that_make_no_sense_are_refused(daughter: User, wrong: flows.Limits) -> None:
    with pytest.raises(WrongLimits):
        flows.ask(by=daughter, kind="other", limits=wrong, address="mother")


def test_an_invitation_works_once(daughter: User, mother: User, stranger: User) -> None:
    mandate, code = flows.invite(by=daughter, kind="parent", limits=limits(), is_offer=False)
    assert flows.redeem(f" {code.lower()} ", by=mother) == mandate
    with pytest.raises(WrongCode):
        flows.redeem(code, by=stranger)
    assert flows.accept(mandate, by=mother).principal_person == mother


def test_an_invitation_is_not_for_whoever_made_it(daughter: User) -> None:
    _, code = flows.invite(by=daughter, kind="parent", limits=limits(), is_offer=False)
    with pytest.raises(NotYours):
        flows.redeem(code, by=daughter)


def test_a_guessed_code_is_refused_and_logged(daughter: User, security_log: list[dict[str, str]]) -> None:
    with pytest.raises(WrongCode):
        flows.redeem("AAAA-BBBB-CCCC-DDDD", by=daughter)
    assert [line["event"] for line in security_log] == ["mandate_code_refused"]


def test_the_code_is_not_kept(daughter: User) -> None:
    mandate, code = flows.invite(by=daughter, kind="parent", limits=limits(), is_offer=False)
    assert mandate.invitation_sha256 == flows.digest(code)
    assert code.replace("-", "") not in str(vars(mandate))


# --- Companies ------------------------------------------------------------------------------------
@pytest.fixture
def company(mother: User) -> Organisation:
    made = Organisation.objects.create(registration_number="12345678", name_en="Mei Ling Ltd", name_zh="美玲有限公司")
    made.managers.add(mother)
    return made


def test_a_manager_accepts_for_the_company(daughter: User, mother: User, company: Organisation) -> None:
    mandate = flows.ask(by=daughter, kind="company", limits=limits(), address="12345678")
    assert flows.accept(mandate, by=mother).names["principal"] == {"en": "Mei Ling Ltd", "zh": "美玲有限公司"}


def test_whoever_does_not_manage_a_company_offers_nothing_of_it(stranger: User, company: Organisation) -> None:
    with pytest.raises(NotYours):
        flows.offer(by=stranger, kind="company", limits=limits(), address="daughter", organisation=company)


# --- At a counter ---------------------------------------------------------------------------------
def test_an_officer_accepts_with_a_document(daughter: User, mother: User, counter_officer: User) -> None:
    mandate = flows.accept_at_counter(asked(daughter, mother), by=counter_officer, document_reference="BC 123/88")
    assert (mandate.state, mandate.accepted_by, mandate.document_reference) == (
        "accepted",
        counter_officer,
        "BC 123/88",
    )
    assert verbs(mandate)[-1] == "counter"


def test_an_officer_of_no_counter_accepts_nothing(
    daughter: User, mother: User, security_log: list[dict[str, str]]
) -> None:
    with pytest.raises(NotYours):
        flows.accept_at_counter(asked(daughter, mother), by=OfficerFactory(), document_reference="BC 123/88")
    assert security_log[-1]["event"] == "mandate_decision_refused"


def test_an_officer_accepts_nothing_of_their_own(mother: User, counter_officer: User) -> None:
    with pytest.raises(NotYours):
        flows.accept_at_counter(asked(counter_officer, mother), by=counter_officer, document_reference="BC 1")


# --- Changing and ending --------------------------------------------------------------------------
def test_the_agent_gives_back_but_takes_no_more(daughter: User, mother: User) -> None:
    mandate = flows.limit(accepted(daughter, mother), by=daughter, limits=limits("read", days=10))
    assert mandate.acts == ["read"]
    with pytest.raises(WrongLimits):
        flows.limit(mandate, by=daughter, limits=limits("read", "submit", days=10))


def test_the_agent_does_not_turn_some_services_into_all(daughter: User, mother: User) -> None:
    mandate = accepted(daughter, mother, to=limits(functions=("td-renew",)))
    with pytest.raises(WrongLimits):
        flows.limit(mandate, by=daughter, limits=limits(days=20))


def test_the_principal_allows_more(daughter: User, mother: User) -> None:
    mandate = accepted(daughter, mother, to=limits("read"))
    assert flows.limit(mandate, by=mother, limits=limits("read", "submit")).acts == ["read", "submit"]


@pytest.mark.parametrize("who", ["daughter", "mother"])
def test_either_side_ends_it(daughter: User, mother: User, who: str) -> None:
    mandate = flows.end(accepted(daughter, mother), by=User.objects.get(username=who))
    assert (mandate.state, verbs(mandate)[-1]) == ("ended", "ended")


def test_a_stranger_ends_nothing(daughter: User, mother: User, stranger: User) -> None:
    with pytest.raises(NotYours):
        flows.end(accepted(daughter, mother), by=stranger)


def test_an_ask_is_taken_back(daughter: User, mother: User) -> None:
    assert flows.end(asked(daughter, mother), by=daughter).state == "withdrawn"


# --- Using ----------------------------------------------------------------------------------------
def test_by_task_means_these_acts_for_these_functions(daughter: User, mother: User) -> None:
    mandate = accepted(daughter, mother, to=limits("read", functions=("td-renew",), categories=("health",)))
    assert mandate.allows("read", function="td-renew")
    assert mandate.allows("read", function="ha-book", category="health")
    assert not mandate.allows("submit", function="td-renew")
    assert not mandate.allows("read", function="ird-return", category="taxes")


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("trouble", ["ended", "expired", "outside_act", "outside_function", "unknown"])
def test_a_use_that_is_not_allowed_is_refused_and_logged(
    daughter: User, mother: User, stranger: User, trouble: str, security_log: list[dict[str, str]]
) -> None:
    mandate = accepted(daughter, mother, to=limits("read", functions=("td-renew",)))
    if trouble == "ended":
        flows.end(mandate, by=mother)
    if trouble == "expired":
        expired(mandate)
    by = stranger if trouble == "unknown" else daughter
    act, function = ("submit" if trouble == "outside_act" else "read"), "td-renew"
    function = "other" if trouble == "outside_function" else function
    with pytest.raises(MandateError, match=trouble):
        flows.use(mandate, by=by, act=act, function=function)
    assert {"event": "mandate_refused", "reason": trouble}.items() <= security_log[-1].items()


# --- What the database keeps ----------------------------------------------------------------------
def test_the_database_refuses_a_mandate_for_oneself(daughter: User, mother: User) -> None:
    mandate = asked(daughter, mother)
    with pytest.raises(IntegrityError, match="mandate_never_for_oneself"), transaction.atomic():
        Mandate.objects.filter(pk=mandate.pk).update(principal_person=daughter)


def test_the_database_refuses_an_end_before_the_beginning(daughter: User, mother: User) -> None:
    mandate = asked(daughter, mother)
    with pytest.raises(IntegrityError, match="mandate_ends_after_it_begins"), transaction.atomic():
        Mandate.objects.filter(pk=mandate.pk).update(valid_until=mandate.valid_from)


@pytest.mark.parametrize("act", ["UPDATE mandates_entry SET verb = 'refused'", "DELETE FROM mandates_entry"])
def test_the_database_keeps_the_journal(daughter: User, mother: User, act: str) -> None:
    asked(daughter, mother)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act)
    assert Entry.objects.count() == 1
