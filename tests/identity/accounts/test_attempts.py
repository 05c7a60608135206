"""Guessing is slowed for those who guess, and not for the person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from identity.accounts import attempts, devices, networks
from identity.accounts.models import GuessCounter, User
from identity.statements import clock
from tests.factories import UserFactory

LIMIT = attempts.Limit("test", free=2, first=30, longest=100, forgotten=3_600)
KEY = networks.digest("somebody")


def request_from(address: str = "203.0.113.7", cookie: str = "") -> HttpRequest:
    request = RequestFactory().post("/accounts/login/", REMOTE_ADDR=address)
    if cookie:
        request.COOKIES[devices.COOKIE] = cookie
    return request


def pay(times: int = 1) -> None:
    for _ in range(times):
        attempts.pay([(LIMIT, KEY)])


def guess_at(person: User, *requests: HttpRequest) -> None:
    """One guess from each."""
    for request in requests:
        attempts.pay(attempts.price(request, person.username, person))


def waited() -> int:
    """Seconds until the next guess is taken."""
    return round((GuessCounter.objects.get(pk=KEY).until - clock()).total_seconds())


def end_the_wait() -> None:
    GuessCounter.objects.update(until=clock())


def test_the_first_guesses_are_free(db: None) -> None:
    pay(2)
    assert waited() <= 0


def test_then_each_doubles_the_wait_up_to_the_longest(db: None) -> None:
    pay(2)
    waits = []
    for _ in range(4):
        end_the_wait()
        pay()
        waits.append(waited())
    assert waits == [30, 60, 100, 100]


def test_while_it_lasts_no_guess_is_taken_and_how_long_is_said(db: None) -> None:
    pay(3)
    with pytest.raises(attempts.Locked) as locked:
        pay()
    assert locked.value.limit == LIMIT
    assert 25 < locked.value.seconds <= 30
    assert GuessCounter.objects.get(pk=KEY).failures == 3


def test_a_quiet_time_forgets_them(db: None) -> None:
    pay(3)
    GuessCounter.objects.update(until=clock(), last_at=clock() - timedelta(seconds=LIMIT.forgotten + 1))
    pay()
    assert GuessCounter.objects.get(pk=KEY).failures == 1


def test_all_keys_are_paid_or_none(db: None) -> None:
    pay(3)
    other = networks.digest("other")
    with pytest.raises(attempts.Locked):
        attempts.pay([(LIMIT, other), (LIMIT, KEY)])
    assert not GuessCounter.objects.filter(pk=other).exists()


def test_guesses_at_once_cost_as_much_as_one_after_the_other(transactional_db: None) -> None:
    def guess(_: int) -> bool:
        try:
            pay()
        except attempts.Locked:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(24))) == LIMIT.free + 1


def test_a_right_guess_leaves_nothing_of_the_devices_own_and_one_less_of_the_shared(db: None) -> None:
    person, request = UserFactory(), request_from()
    for _ in range(3):
        attempts.pay(cost := attempts.price(request, "x", person))
    attempts.pay_back(cost)
    left = dict(GuessCounter.objects.values_list("key", "failures"))
    assert sorted(left.get(key, 0) for _limit, key in cost) == [0, 2, 2]


def test_strangers_guesses_do_not_stand_in_the_way_of_a_known_device(db: None) -> None:
    person = UserFactory()
    home = known_device(person)
    with pytest.raises(attempts.Locked):
        guess_at(person, *[request_from()] * 10)
    guess_at(person, home)


def known_device(person: User, address: str = "203.0.113.7") -> HttpRequest:
    response = HttpResponse()
    devices.remember(request_from(address), response, person)
    return request_from(address, response.cookies[devices.COOKIE].value)


def test_a_known_device_guesses_slowly_too(db: None) -> None:
    person = UserFactory()
    home = known_device(person)
    with pytest.raises(attempts.Locked) as locked:
        guess_at(person, *[home] * (attempts.DEVICE.free + 2))
    assert locked.value.limit == attempts.DEVICE


def test_a_device_is_known_to_its_own_people_alone_and_until_they_choose_a_new_password(db: None) -> None:
    person, stranger = UserFactory(), UserFactory()
    home = known_device(person)
    assert devices.known(home, person)
    assert devices.known(home, stranger) is None
    person.set_password("another-crossing-1")
    assert devices.known(home, person) is None


def test_a_forged_cookie_makes_no_device_known(db: None) -> None:
    person = UserFactory()
    assert devices.known(request_from(cookie="eyJpZCI6IngifQ:1abc:forged"), person) is None


def test_many_networks_together_are_slowed_at_one_account(db: None) -> None:
    person = UserFactory()
    networks_of_many = [request_from(f"198.51.100.{number}") for number in range(attempts.ACCOUNT.free + 2)]
    with pytest.raises(attempts.Locked) as locked:
        guess_at(person, *networks_of_many)
    assert locked.value.limit == attempts.ACCOUNT


def test_one_network_is_slowed_over_many_accounts(db: None) -> None:
    for number in range(attempts.NETWORK.free + 1):
        attempts.pay(attempts.price(request_from(), f"name-{number}", None))
    with pytest.raises(attempts.Locked) as locked:
        attempts.pay(attempts.price(request_from(), "one-more", None))
    assert locked.value.limit == attempts.NETWORK


def test_a_household_is_one_network(db: None) -> None:
    first, second, other = (request_from(each) for each in ("2001:db8:1:2::7", "2001:db8:1:2:9::1", "2001:db8:1:3::7"))
    assert networks.of(first) == networks.of(second) != networks.of(other)


def test_a_code_counts_once(db: None) -> None:
    assert attempts.once("totp", "person", "123456", seconds=90)
    assert not attempts.once("totp", "person", "123456", seconds=90)
    assert attempts.once("totp", "person", "654321", seconds=90)


def test_old_counters_are_deleted(db: None) -> None:
    pay()
    GuessCounter.objects.update(last_at=clock() - timedelta(days=3), until=clock() - timedelta(days=3))
    assert attempts.forget(clock() - timedelta(days=2)) == 1
