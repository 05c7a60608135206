"""Dates, money and languages as people write them, and what a field tells a screen reader."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from portal.web.templatetags import ferry

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
YEAR = timezone.localdate().year
TUESDAY = datetime(2026, 3, 3, 14, 30, tzinfo=HONG_KONG)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday 3 March 2020, 2:30 pm"),
        ("zh-hant", "2020年3月3日（星期二）下午2時30分"),
        ("zh-hans", "2020年3月3日（星期二）下午2:30"),
    ],
)
def test_moment_is_written_as_people_say_it(language: str, words: str) -> None:
    with translation.override(language):
        assert ferry.moment(TUESDAY.replace(year=2020)) == words


def test_moment_is_told_in_hong_kong_time() -> None:
    assert ferry.moment(datetime(2020, 3, 2, 23, 5, tzinfo=ZoneInfo("UTC"))) == "Tuesday 3 March 2020, 7:05 am"


@pytest.mark.parametrize(("hour", "words"), [(0, "12:00 am"), (12, "12:00 pm")])
def test_midnight_and_noon(hour: int, words: str) -> None:
    assert ferry.moment(datetime(2020, 3, 3, hour, tzinfo=HONG_KONG)).endswith(words)


def test_this_year_is_not_said() -> None:
    assert str(YEAR) not in ferry.day(date(YEAR, 3, 3))


def test_text_in_place_of_a_date_stays() -> None:
    assert ferry.moment("within 10 working days") == "within 10 working days"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(370, "HK$370"), (Decimal("1290.50"), "HK$1,290.50"), ("0", "HK$0"), (None, ""), ("", "")],
)
def test_money(amount: Decimal | int | str | None, words: str) -> None:
    assert ferry.hkd(amount) == words


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/en/functions/td-renew/?page=2", "/zh-hant/functions/td-renew/?page=2"),
        ("/en/", "/zh-hant/"),
        ("/accounts/login/?next=/en/calls/", "/accounts/login/?next=%2Fen%2Fcalls%2F&lang=zh-hant"),
    ],
)
def test_language_link_keeps_the_page(address: str, expected: str) -> None:
    links = ferry.language_links(Context({"request": RequestFactory().get(address)}))
    assert [link["url"] for link in links if link["tag"] == "zh-Hant-HK"] == [expected]


def test_page_link_keeps_the_search() -> None:
    request = RequestFactory().get("/en/search/?q=car+tax&page=2&category=driving")
    assert ferry.page_link(Context({"request": request}), 3) == "?q=car+tax&category=driving&page=3"


def _field(**parts: object) -> str:
    field = {"name": "class", "label": "Vehicle class", "required": True, **parts}
    return Template('{% include "components/field.html" %}').render(Context({"field": field}))


def test_control_names_its_hint_mistake_and_source() -> None:
    html = _field(kind="text", hint="One word", error="Too long", source="From your profile")
    assert 'aria-describedby="field-class-hint field-class-error field-class-source"' in html
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize(("count", "drawn"), [(5, 'type="radio"'), (6, "<select")])
def test_few_choices_are_radios_and_many_a_select(count: int, drawn: str) -> None:
    assert drawn in _field(kind="choice", choices=[(str(at), f"Class {at}") for at in range(count)])


def test_first_radio_carries_the_id_that_a_summary_links_to() -> None:
    html = _field(kind="choice", value="2", choices=[("1", "One"), ("2", "Two")])
    assert 'id="field-class" name="class" value="1" required>' in html
    assert 'id="field-class-2" name="class" value="2" checked required>' in html


def test_dates_go_into_controls_as_iso() -> None:
    assert 'type="date" value="2026-03-31"' in _field(kind="date", value=date(2026, 3, 31))
    assert 'type="datetime-local" value="2026-03-03T14:30"' in _field(kind="datetime", value=TUESDAY)


def test_values_are_escaped() -> None:
    assert "<script>" not in _field(kind="longtext", value="</textarea><script>", label="<script>", error="<script>")


def test_kept_file_is_named_and_sent_along() -> None:
    html = _field(kind="file", value={"id": "abc", "name": "bill.pdf"})
    assert "bill.pdf" in html
    assert '<input type="hidden" name="class.id" value="abc">' in html
