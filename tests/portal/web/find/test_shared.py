"""Parts of pages that are made once for a while, and once in a process."""

import re
import time

import pytest
from django.core.cache import cache
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from portal.web import shared
from services.registry.publication import EPOCH_KEY
from tests.factories import DepartmentFactory, UserFactory
from tests.portal.web.find.conftest import published


class Counter:
    """Makes "1", then "2", and so on."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return str(self.made)


@pytest.fixture
def make() -> Counter:
    return Counter()


def test_a_part_is_made_once(make: Counter) -> None:
    facts = (time.time_ns(),)
    assert [shared.part("test", facts, make, seconds=60) for _ in range(3)] == ["1", "1", "1"]


def test_a_part_is_made_for_each_language_and_for_other_facts(make: Counter) -> None:
    now = time.time_ns()
    shared.part("test", (now,), make, seconds=60)
    with translation.override("zh-hant"):
        shared.part("test", (now,), make, seconds=60)
    shared.part("test", (now, "other"), make, seconds=60)
    assert make.made == 3


def test_a_part_is_made_anew_after_a_publication(make: Counter) -> None:
    facts = (time.time_ns(),)
    shared.part("test", facts, make, seconds=60)
    cache.set(EPOCH_KEY, time.time_ns(), None)
    assert shared.part("test", facts, make, seconds=60) == "2"


def test_a_failure_is_not_kept(make: Counter) -> None:
    facts = (time.time_ns(),)

    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        shared.part("test", facts, fail, seconds=60)
    assert shared.part("test", facts, make, seconds=60) == "1"


def test_what_is_steady_is_rendered_once_in_each_language() -> None:
    template = Template("{% load steady i18n %}{% steady %}{% get_current_language as now %}{{ now }}{% endsteady %}")
    with translation.override("en"):
        assert template.render(Context()) == "en"
    with translation.override("zh-hant"):
        assert [template.render(Context()) for _ in range(2)] == ["zh-hant", "zh-hant"]


def test_what_is_steady_knows_nothing_of_its_page() -> None:
    template = Template("{% load steady %}{% steady %}[{{ person }}]{% endsteady %}")
    assert template.render(Context({"person": "CHAN Tai Man"})) == "[]"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/en/functions/shared/", "/en/search/?q=vehicle", "/en/search/", "/en/departments/d/"]
)
def test_a_kept_page_carries_the_header_of_its_reader_and_of_nobody_else(path: str) -> None:
    published("Renew a vehicle licence", code="shared", department=DepartmentFactory(code="d"))
    seen = {}
    for name in ("chan-tai-man", "wong-siu-ming"):
        client = Client()
        client.force_login(UserFactory(username=name))
        seen[name] = client.get(path).text
    assert "chan-tai-man" in seen["chan-tai-man"]
    assert "wong-siu-ming" in seen["wong-siu-ming"]
    assert "chan-tai-man" not in seen["wong-siu-ming"]
    tokens = [re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page) for page in seen.values()]
    assert [len(found) for found in tokens] == [1, 1]
    assert tokens[0] != tokens[1]


@pytest.mark.django_db
def test_the_place_of_the_header_cannot_be_typed() -> None:
    page = Client().get("/en/search/", {"q": shared.HEADER_PLACE}).text
    assert page.count("<header") == 1
    assert shared.HEADER_PLACE not in page


@pytest.mark.django_db
def test_languages_switch_to_the_page_that_is_open() -> None:
    client = Client()
    client.force_login(UserFactory())
    for _ in range(2):
        assert 'href="/zh-hant/search/?q=vehicle"' in client.get("/en/search/", {"q": "vehicle"}).text
