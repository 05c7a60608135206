"""The demonstration's people: there after one run, unchanged after another."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates.models import Mandate
from identity.profile import flows as profile
from identity.profile.models import ProfileField
from identity.provider.models import Client
from services.forms.formats import CHECKER
from services.registry.catalogue.load import load
from services.registry.models import Backend, FilingPeriod, ServiceFunction
from tests.factories import DepartmentFactory, ServiceFunctionFactory
from tests.services.registry.small_catalogue import SmallCatalogue

pytestmark = pytest.mark.django_db

USERNAMES = ["approver", "citizen", "mother", "officer", "ops"]


@pytest.fixture
def demo(tmp_path: Path) -> None:
    load(SmallCatalogue(tmp_path).folder)
    call_command("demo")


@pytest.mark.parametrize("username", USERNAMES)
def test_everyone_signs_in_with_their_password(demo: None, rf: RequestFactory, username: str) -> None:
    person = authenticate(rf.get("/"), username=username, password=f"ferry-{username}")
    assert person == User.objects.get(username=username)


def test_nobody_is_a_superuser(demo: None) -> None:
    assert not User.objects.filter(is_superuser=True).exists()


def test_a_second_run_changes_nothing(demo: None) -> None:
    before = list(User.objects.order_by("username").values("username", "password", "id"))
    fields = ProfileField.objects.count()
    call_command("demo")
    assert list(User.objects.order_by("username").values("username", "password", "id")) == before
    assert ProfileField.objects.count() == fields


def test_a_lost_password_is_set_again(demo: None, rf: RequestFactory) -> None:
    citizen = User.objects.get(username="citizen")
    citizen.set_password("forgotten")
    citizen.save()
    call_command("demo")
    assert authenticate(rf.get("/"), username="citizen", password="ferry-citizen") is not None


def test_what_the_citizen_changed_in_their_profile_is_kept(demo: None) -> None:
    citizen = User.objects.get(username="citizen")
    ProfileField.objects.filter(person=citizen, name="phone").update(value="+85298765432")
    call_command("demo")
    assert profile.read(citizen)["phone"].value == "+85298765432"


def test_the_citizens_profile_is_full(demo: None) -> None:
    known = profile.read(User.objects.get(username="citizen"))
    assert set(known) == set(ProfileField.Name.values) - {"travel_document"}  # which visitors have
    assert known["hkid"].is_verified
    assert not known["phone"].is_verified


@pytest.mark.parametrize(("name", "format"), [("hkid", "hkid"), ("phone", "phone"), ("email", "email")])
def test_the_citizens_data_passes_the_checks_of_forms(demo: None, name: str, format: str) -> None:
    CHECKER.check(profile.read(User.objects.get(username="citizen"))[name].value, format)


def test_officers_see_their_own_department_only(demo: None) -> None:
    officer = User.objects.get(username="officer")
    codes = ServiceFunction.objects.visible_to(officer).values_list("code", flat=True)
    assert set(codes) == {"td-renew", "td-pay"}


def test_operations_sees_every_department_and_changes_nothing(demo: None) -> None:
    ops = User.objects.get(username="ops")
    assert Backend.objects.visible_to(ops).count() == Backend.objects.count()
    assert ops.has_perms(["gateway.settle_calls", "gateway.view_servicecall", "registry.view_servicefunction"])
    assert not ops.has_perm("registry.change_servicefunction")


def test_the_citizen_has_no_rights_of_staff(demo: None) -> None:
    citizen = User.objects.get(username="citizen")
    assert (citizen.is_staff, citizen.get_all_permissions()) == (False, set())


def test_without_a_catalogue_it_says_what_to_run_first() -> None:
    with pytest.raises(CommandError, match="load_catalogue"):
        call_command("demo")


def test_a_function_of_the_demonstration_has_a_deadline_still_to_come(tmp_path: Path) -> None:
    ServiceFunctionFactory(code="td-mark-auction", department=DepartmentFactory(code="td"))
    for _ in range(2):
        call_command("demo")
    period = FilingPeriod.objects.get()
    assert period.opens_at < timezone.now() < period.closes_at
    FilingPeriod.objects.update(opens_at="2020-01-01T00:00:00Z", closes_at="2020-02-01T00:00:00Z")
    call_command("demo")
    assert FilingPeriod.objects.filter(closes_at__gt=timezone.now()).exists()


def test_the_citizen_may_act_for_their_mother_but_not_sign(demo: None) -> None:
    (mandate,) = Mandate.objects.in_force(timezone.now()).filter(agent__username="citizen")
    assert mandate.principal_person == User.objects.get(username="mother")
    assert set(mandate.acts) == {"read", "prepare", "submit"}


def test_a_second_run_makes_no_second_mandate(demo: None) -> None:
    call_command("demo")
    assert Mandate.objects.count() == 1


def test_a_department_has_a_site_that_people_sign_in_to(demo: None, settings: Any) -> None:
    settings.DEMO_CLIENT_SECRET = "a" * 43
    DepartmentFactory(code="rvd")
    call_command("demo")
    client = Client.objects.get(client_id="demo-rvd")
    assert client.state == "live"
    assert client.approved_by != client.created_by
    assert client.check_client_secret("a" * 43)


def test_one_more_site_is_registered_by_one_command(demo: None, capsys: Any) -> None:
    call_command("demo_client", "https://td.example.hk/callback", "--scopes", "openid")
    told = json.loads(capsys.readouterr().out)
    assert Client.objects.get(client_id=told["client_id"]).check_client_secret(told["client_secret"])


def test_a_site_of_no_department_is_refused(demo: None) -> None:
    with pytest.raises(CommandError):
        call_command("demo_client", "https://td.example.hk/callback", "--department", "nobody")
