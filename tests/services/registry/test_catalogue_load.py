"""Loading a sound catalogue, for the first time and again."""

import io

import pytest
from django.core.management import call_command

from services.registry import flows, publication
from services.registry.catalogue.backends import follow_twins
from services.registry.catalogue.load import load
from services.registry.models import Backend, Change, LegacyApp, ServiceFunction
from tests.factories import OfficerFactory
from tests.services.registry.small_catalogue import SmallCatalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(tmp_path):
    return SmallCatalogue(tmp_path)


@pytest.fixture
def loaded(catalogue):
    load(catalogue.folder)
    return catalogue


def function(code):
    return ServiceFunction.objects.with_content().get(code=code)


def officer_of(code):
    return OfficerFactory(department=function(code).department)


def republish(code, **values):
    """As two officers do it."""
    draft = flows.start_draft(function(code), by=officer_of(code))
    flows.save_draft(draft, values, by=draft.created_by)
    flows.approve(flows.submit(draft, by=draft.created_by), by=officer_of(code))


def test_everything_is_published_with_version_one(loaded):
    states = ServiceFunction.objects.values_list("code", "state", "published__number", "published__state")
    assert list(states) == [
        ("oro-search", "published", 1, "approved"),
        ("td-pay", "published", 1, "approved"),
        ("td-renew", "published", 1, "approved"),
    ]


def test_a_version_holds_what_its_row_says(loaded):
    version = function("td-renew").published
    assert (version.name_zh_hans, version.summary_zh_hans) == ("续领牌照", "网上续领牌照。")
    assert version.keywords == ["disc", "licence", "車牌", "车牌"]
    assert (version.audience, version.fee_hkd) == (["citizen", "business"], 370)


def test_a_fee_left_empty_depends(loaded):
    assert function("td-pay").published.fee_hkd is None


def test_simplified_chinese_written_by_hand_is_kept(catalogue):
    for row in catalogue.rows["functions.csv"]:
        row["name_zh_hans"] = "查破产" if row["code"] == "oro-search" else ""
    catalogue.save()
    load(catalogue.folder)
    assert [function(code).published.name_zh_hans for code in ("oro-search", "td-renew")] == ["查破产", "续领牌照"]


def test_a_label_for_one_function_comes_before_the_label_for_all(catalogue):
    catalogue.add("fields.csv", 2, function="td-renew", label_en="Your number plate")
    load(catalogue.folder)
    assert function("td-renew").published.form["properties"]["mark"]["title"] == "Your number plate"


def test_there_is_a_backend_for_each_department_and_transport(loaded, settings):
    known = {row.code: (row.address, row.is_idempotent, row.is_deliverable) for row in Backend.objects.all()}
    assert known == {
        "oro-soap": (f"{settings.TWINS_URL}/oro-soap/", False, True),
        "td-rest": (f"{settings.TWINS_URL}/td-rest/", True, True),
        "td-sftp-batch": ("", False, False),
    }


def test_a_small_departments_backend_rests_at_night(loaded):
    windows = dict(Backend.objects.values_list("code", "service_window"))
    assert windows["td-rest"] is None
    assert windows["oro-soap"]["mon"][0] == ["00:00", "03:00"]


def test_what_has_no_connector_yet_has_no_mapping(loaded):
    assert (function("td-pay").published.request_map, function("td-pay").published.answer_map) == ({}, [])


def test_every_load_is_recorded(loaded):
    assert Change.objects.filter(verb="version.loaded", actor=None).count() == 3


def test_the_same_catalogue_again_does_nothing(loaded, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        assert load(loaded.folder) is None


def test_only_what_changed_gets_a_new_version(loaded):
    loaded.change("functions.csv", 2, fee_hkd="400")
    counts = load(loaded.folder)
    assert (counts["functions"], counts["new versions"], counts["unchanged"]) == (0, 1, 2)
    assert (function("td-renew").published.number, function("td-renew").published.fee_hkd) == (2, 400)


def test_another_order_of_questions_is_a_change(loaded):
    loaded.change("functions.csv", 4, fields="name:text;kind:choice(a|b)")
    assert load(loaded.folder)["new versions"] == 1
    own = [name for name in function("oro-search").published.form["properties"] if name in {"name", "kind"}]
    assert own == ["name", "kind"]


def test_going_back_to_the_catalogue_before_is_a_change_too(loaded):
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    loaded.change("functions.csv", 2, fee_hkd="370")
    assert load(loaded.folder)["new versions"] == 1


def test_a_new_function_is_added_to_those_there_are(loaded):
    loaded.add("functions.csv", 2, code="td-new")
    assert load(loaded.folder)["functions"] == 1
    assert function("td-new").state == "published"


def test_what_officers_published_is_left_as_they_made_it(loaded):
    republish("td-renew", summary_en="Renew it in five minutes.")
    loaded.change("functions.csv", 2, fee_hkd="400")
    assert load(loaded.folder)["left as officers made them"] == 1
    assert function("td-renew").published.summary_en == "Renew it in five minutes."


def test_a_draft_that_an_officer_is_writing_stays_open(loaded):
    draft = flows.start_draft(function("td-renew"), by=officer_of("td-renew"))
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert function("td-renew").published.number == 3


def test_a_suspended_function_stays_suspended(loaded):
    reasons = {"en": "Moving.", "zh-hant": "搬遷。"}
    flows.suspend(function("td-renew"), by=officer_of("td-renew"), reasons=reasons)
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    assert (function("td-renew").state, function("td-renew").published.number) == ("suspended", 2)


def test_a_retired_function_does_not_come_back(loaded):
    flows.retire(function("td-renew"), by=officer_of("td-renew"))
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    assert (function("td-renew").state, function("td-renew").published.number) == ("retired", 1)


def test_what_operations_decided_about_an_app_is_kept(loaded):
    LegacyApp.objects.update(status="consolidating", retire_by="2026-12-31")
    loaded.change("apps.csv", 2, name_en="HK eMobility")
    load(loaded.folder)
    assert list(LegacyApp.objects.values_list("name_en", "status")) == [("HK eMobility", "consolidating")]


def test_backends_follow_the_twins_to_another_port(loaded, settings):
    settings.TWINS_URL = "http://127.0.0.1:8199"
    load(loaded.folder)
    assert Backend.objects.get(code="td-rest").address == "http://127.0.0.1:8199/td-rest/"


def test_a_backend_that_an_officer_changed_stays_where_it_is(loaded, settings):
    backend = Backend.objects.get(code="td-rest")
    before, backend.timeout_seconds = backend.address, 5
    flows.save_backend(backend, by=officer_of("td-renew"))
    settings.TWINS_URL = "http://127.0.0.1:8199"
    assert follow_twins() == 1
    assert Backend.objects.get(code="td-rest").address == before


def test_a_load_whose_telling_failed_is_done_again(loaded):
    def fail(function_ids):
        raise ConnectionError

    loaded.change("functions.csv", 2, fee_hkd="400")
    publication.on_published(fail)
    try:
        with pytest.raises(ConnectionError):
            load(loaded.folder)
    finally:
        publication._callbacks.remove(fail)
    assert load(loaded.folder)["unchanged"] == 3


def test_the_whole_catalogue_loads():
    said = io.StringIO()
    call_command("load_catalogue", stdout=said)
    assert "departments 79, apps 114, backends 151, functions 1,901" in said.getvalue()
    assert ServiceFunction.objects.public().count() == 1901
