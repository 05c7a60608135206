"""The gallery shows every component, and the pages of last resort need nothing."""

from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client
from lxml import html

from portal.web import bundles

TEMPLATES = Path(bundles.__file__).parent / "templates"
# Not in the gallery's own text: the signed-in person's menu, and the plain waterline, which the harbour replaces.
ELSEWHERE = {"acting.html", "person_menu.html", "waterline.html"}
# Rendered once in a process by {% steady %}, so that not every page tells of them.
STEADY = {"footer.html", "htmx_config.html", "mark.html", "offline.html", "skip_link.html"}


@pytest.fixture
def page(client: Client) -> html.HtmlElement:
    return html.fromstring(client.get("/styleguide/").content)


@pytest.mark.parametrize(("code", "tag"), [("en", "en"), ("zh-hant", "zh-Hant-HK"), ("zh-hans", "zh-Hans")])
def test_page_says_its_language(client: Client, code: str, tag: str) -> None:
    assert html.fromstring(client.get(f"/styleguide/?lang={code}").content).get("lang") == tag


def test_every_component_is_shown(client: Client) -> None:
    shown = {str(template.name).rpartition("/")[2] for template in client.get("/styleguide/").templates}
    assert {path.name for path in TEMPLATES.glob("components/**/*.html")} - shown - STEADY == ELSEWHERE


def test_ids_are_unique(page: html.HtmlElement) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_every_reference_has_its_target(page: html.HtmlElement) -> None:
    values = page.xpath("//@aria-describedby | //@aria-labelledby | //label/@for")
    assert set(" ".join(values).split()) - set(page.xpath("//@id")) == set()


def test_every_control_has_a_label(page: html.HtmlElement) -> None:
    controls = page.xpath("//input[not(@type='hidden')]/@id | //select/@id | //textarea/@id")
    assert set(controls) - set(page.xpath("//label/@for")) == set()


@pytest.mark.parametrize("name", ["400", "403", "404", "413", "429", "500", "503"])
def test_error_page_needs_no_request_and_no_database(name: str) -> None:
    page = html.fromstring(render_to_string(f"{name}.html"))
    assert page.xpath("count(//h1)") == 1
    assert page.xpath("string(//title)").endswith("Ferry 一渡通")
