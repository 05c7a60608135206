"""A function's page: what it costs, needs and asks, whether it can be done now, and one button."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from services.gateway.models import Lane
from services.registry import flows as registry
from services.registry.models import ServiceFunction
from services.registry.windows import DAYS
from tests.factories import LegacyAppFactory, OfficerFactory, ServiceFunctionFactory, form_for

pytestmark = pytest.mark.django_db


def page_of(client: Client, function: ServiceFunction, language: str = "en") -> str:
    answer = client.get(f"/{language}/functions/{function.code}/")
    assert answer.status_code == 200
    return answer.text


def test_the_button_names_the_action_and_leads_to_the_form(client: Client) -> None:
    function = ServiceFunctionFactory(version__action="renew")
    button = f'<a class="button" href="/en/functions/{function.code}/form/">Renew</a>'
    assert button in page_of(client, function)


@pytest.mark.parametrize(
    ("fee", "said"), [(None, "It depends on your case"), (0, "it is free"), (370, "HK$370"), ("12.50", "HK$12.50")]
)
def test_the_cost_is_said(client: Client, fee: object, said: str) -> None:
    assert said in page_of(client, ServiceFunctionFactory(version__fee_hkd=fee))


def test_what_is_asked_stands_apart_from_what_a_profile_fills_in(client: Client) -> None:
    function = ServiceFunctionFactory(version__form=form_for("mark:vehicle_mark"))
    asked, _, filled_in = page_of(client, function).partition("What is filled in for you")
    assert "<li>Mark</li>" in asked
    assert "<li>Your identity card number</li>" in filled_in


def test_someone_signed_out_learns_that_signing_in_comes_first(client: Client) -> None:
    assert "You sign in first" in page_of(client, ServiceFunctionFactory())


def test_a_function_for_anyone_needs_no_signing_in(client: Client) -> None:
    page = page_of(client, ServiceFunctionFactory(version__assurance="none", version__action="enquire"))
    assert "You sign in first" not in page
    assert "you need not sign in" in page


def test_the_app_it_came_from_is_named(client: Client) -> None:
    app = LegacyAppFactory(name_en="eTraffic")
    page = page_of(client, ServiceFunctionFactory(app=app, department=app.department))
    assert "Moved here from" in page
    assert "eTraffic" in page


def test_a_suspended_function_says_why_and_until_when_and_has_no_button(client: Client) -> None:
    function = ServiceFunctionFactory()
    officer = OfficerFactory(department=function.department)
    until = timezone.now().replace(hour=2, minute=0) + timedelta(days=3)
    registry.suspend(function, by=officer, reasons={"en": "We are moving.", "zh-hant": "搬遷。"}, until=until)
    page = page_of(client, function)
    assert "We are moving." in page
    assert "paused until" in page
    assert 'class="button" href' not in page


def test_a_backend_without_a_connector_is_told_honestly(client: Client) -> None:
    function = ServiceFunctionFactory()
    backend = function.published.backend  # type: ignore[union-attr]
    backend.connector = "of-tomorrow"
    backend.save()
    page = page_of(client, function)
    assert "Not possible here yet" in page
    assert 'class="button" href' not in page


def test_a_closed_counter_still_takes_forms_and_says_when_they_go(client: Client) -> None:
    function = ServiceFunctionFactory()
    backend = function.published.backend  # type: ignore[union-attr]
    in_three_days = DAYS[(timezone.localtime().weekday() + 3) % 7]
    backend.service_window = {in_three_days: [["09:00", "17:00"]]}
    backend.save()
    page = page_of(client, function)
    assert "You can send it now; it is delivered later" in page
    assert 'class="button" href' in page


def test_a_troubled_department_is_shown_as_such(client: Client) -> None:
    function = ServiceFunctionFactory()
    backend = function.published.backend  # type: ignore[union-attr]
    Lane.objects.update_or_create(
        backend=backend, defaults={"failures": 5, "open_until": timezone.now() + timedelta(minutes=1)}
    )
    page = page_of(client, function)
    assert "It may take longer today" in page
    assert 'class="button" href' in page


def test_a_function_that_needs_a_signature_says_so_and_can_be_begun(client: Client) -> None:
    page = page_of(client, ServiceFunctionFactory(version__assurance="plus"))
    assert "your digital signature" in page
    assert 'class="button" href' in page


def test_someone_signed_in_sees_the_state_of_this_moment(signed_in: Client) -> None:
    function = ServiceFunctionFactory()
    assert "Paused" not in page_of(signed_in, function)
    ServiceFunction.objects.filter(pk=function.pk).update(state="suspended", suspended_reason_en="Flooded.")
    assert "Flooded." in page_of(signed_in, function)


def test_a_missing_language_is_visible(client: Client) -> None:
    function = ServiceFunctionFactory(version__name_zh_hans="", version__summary_zh_hans="")
    page = page_of(client, function, "zh-hans")
    assert f'<h1><span lang="zh-Hant-HK">續領{function.code}</span></h1>' in page
    assert '<span lang="zh-Hans">简体中文</span>' in page


@pytest.mark.parametrize("state", ["draft", "retired"])
def test_a_function_that_is_not_public_is_not_found(client: Client, state: str) -> None:
    function = ServiceFunctionFactory()
    ServiceFunction.objects.filter(pk=function.pk).update(state=state)
    assert client.get(f"/en/functions/{function.code}/").status_code == 404


@pytest.mark.parametrize("code", ["%00", "x" * 500, "a%2e%2e", "車"])
def test_a_strange_code_is_not_found(client: Client, code: str) -> None:
    assert client.get(f"/en/functions/{code}/").status_code == 404


@pytest.mark.parametrize("fields", [1, 25])
def test_the_page_takes_at_most_five_queries(
    signed_in: Client, fields: int, django_assert_max_num_queries: object
) -> None:
    form = form_for(";".join(f"field_{n}:text" for n in range(fields)))
    function = ServiceFunctionFactory(app=LegacyAppFactory(), version__form=form)
    ServiceFunctionFactory.create_batch(fields, department=function.department)
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        page_of(signed_in, function)
