"""Words of the registry on a page: escaped, marked, and with their language said."""

import pytest
from django.utils import translation

from portal.web.wording import mark, wording
from tests.factories import DepartmentFactory


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("Renew a licence", ["licence"], "Renew a <mark>licence</mark>"),
        ("Renew a licence", [], "Renew a licence"),
        ("Renewal", ["new"], "Renewal"),
        ("RENEW", ["renew"], "<mark>RENEW</mark>"),
        ("續領車輛牌照", ["車輛", "牌照"], "續領<mark>車輛</mark><mark>牌照</mark>"),
        ("driving licence", ["driving", "driving licence"], "<mark>driving licence</mark>"),
        ("<b> & co", ["co"], "&lt;b&gt; &amp; <mark>co</mark>"),
        ("<mark>", ["mark"], "&lt;<mark>mark</mark>&gt;"),
        ("a.b", ["."], "a<mark>.</mark>b"),
        ("text", ["", " "], "text"),
    ],
)
def test_words_are_marked_in_escaped_text(text: str, words: list[str], marked: str) -> None:
    assert mark(text, words) == marked


@pytest.mark.django_db
def test_a_name_in_the_readers_language_is_just_itself() -> None:
    department = DepartmentFactory(name_en="Lands & Works")
    assert wording(department).html() == "Lands &amp; Works"


@pytest.mark.django_db
def test_a_name_in_another_language_says_which() -> None:
    department = DepartmentFactory(name_zh_hant="地政署", name_zh_hans="")
    with translation.override("zh-hans"):
        assert wording(department).html() == '<span lang="zh-Hant-HK">地政署</span>'


@pytest.mark.django_db
def test_a_name_that_nobody_gave_is_empty() -> None:
    department = DepartmentFactory(name_en="", name_zh_hant="", name_zh_hans="")
    assert wording(department).html() == ""
