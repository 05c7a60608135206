"""Loading a sound catalogue, for the first time and again."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings

from identity.accounts.models import User
from services.registry import defaults, flows, publication, soundness
from services.registry.catalogue import compiled, sheets
from services.registry.catalogue.backends import address_of, follow_twins
from services.registry.catalogue.load import load, store
from services.registry.models import Backend, Change, FunctionVersion, LegacyApp, ServiceFunction
from tests.factories import BackendFactory, OfficerFactory
from tests.services.registry.small_catalogue import SmallCatalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(tmp_path: Path) -> SmallCatalogue:
    return SmallCatalogue(tmp_path)


@pytest.fixture
def loaded(catalogue: SmallCatalogue) -> SmallCatalogue:
    load(catalogue.folder)
    return catalogue


def function(code: str) -> ServiceFunction:
    return ServiceFunction.objects.get(code=code)


def version(code: str) -> FunctionVersion:
    """What citizens see of the function."""
    return FunctionVersion.objects.get(published_for__code=code)


def load_again(catalogue: SmallCatalogue) -> dict[str, int]:
    counts = load(catalogue.folder)
    assert counts is not None
    return counts


def officer_of(code: str) -> User:
    return OfficerFactory(department=function(code).department)


def republish(code: str, **values: Any) -> None:
    """As two officers do it."""
    author, approver = officer_of(code), officer_of(code)
    draft = flows.save_draft(flows.start_draft(function(code), by=author), values, by=author)
    flows.approve(flows.submit(draft, by=author), by=approver)


def test_everything_is_published_with_version_one(loaded: SmallCatalogue) -> None:
    states = ServiceFunction.objects.values_list("code", "state", "published__number", "published__state")
    assert list(states) == [
        ("oro-search", "published", 1, "approved"),
        ("td-pay", "published", 1, "approved"),
        ("td-renew", "published", 1, "approved"),
    ]


def test_a_version_holds_what_its_row_says(loaded: SmallCatalogue) -> None:
    renew = version("td-renew")
    assert (renew.name_zh_hans, renew.summary_zh_hans) == ("续领牌照", "网上续领牌照。")
    assert renew.keywords == ["disc", "licence", "車牌", "车牌"]
    assert (renew.audience, renew.fee_hkd) == (["citizen", "business"], Decimal(370))


def test_a_fee_left_empty_depends(loaded: SmallCatalogue) -> None:
    assert version("td-pay").fee_hkd is None


def test_simplified_chinese_written_by_hand_is_kept(catalogue: SmallCatalogue) -> None:
    for row in catalogue.rows["functions.csv"]:
        row["name_zh_hans"] = "查破产" if row["code"] == "oro-search" else ""
    catalogue.save()
    load(catalogue.folder)
    assert [version(code).name_zh_hans for code in ("oro-search", "td-renew")] == ["查破产", "续领牌照"]


def test_a_label_for_one_function_comes_before_the_label_for_all(catalogue: SmallCatalogue) -> None:
    catalogue.add("fields.csv", 2, function="td-renew", label_en="Your number plate")
    load(catalogue.folder)
    assert version("td-renew").form["properties"]["mark"]["title"] == "Your number plate"


def test_there_is_a_backend_for_each_department_and_transport(loaded: SmallCatalogue, settings: Settings) -> None:
    known = {row.code: (row.address, row.is_idempotent, row.is_deliverable) for row in Backend.objects.all()}
    assert known == {
        "oro-soap": (f"{settings.TWINS_URL}/oro-soap/", False, True),
        "td-rest": (f"{settings.TWINS_URL}/td-rest/", True, True),
        "td-sftp-batch": (f"{settings.TWINS_SFTP_URL}/".replace("//", "//td-sftp-batch@", 1), True, True),
    }


def test_a_small_departments_backend_rests_at_night(loaded: SmallCatalogue) -> None:
    windows: dict[str, Any] = dict(Backend.objects.values_list("code", "service_window"))
    assert windows["td-rest"] is None
    assert windows["oro-soap"]["mon"][0] == ["00:00", "03:00"]


def test_what_has_no_connector_yet_has_no_mapping() -> None:
    found = (defaults.request_map("pigeon", "td-pay", "pay", {}), defaults.answer_map("pigeon", "pay"))
    assert found == ({}, [])


def test_a_backend_made_before_it_had_a_twin_gets_its_address_and_manners(loaded: SmallCatalogue) -> None:
    Backend.objects.filter(code="td-sftp-batch").update(address="", settings={}, credentials="")
    load(loaded.folder)
    made = Backend.objects.get(code="td-sftp-batch")
    assert made.address.startswith("sftp://td-sftp-batch@")
    assert made.settings["host_key"].startswith("ssh-ed25519 ")
    assert made.credentials == "TWINS_SFTP_PASSWORD"


def test_a_backend_pins_the_key_that_its_twin_shows_now(loaded: SmallCatalogue) -> None:
    batch = Backend.objects.get(code="td-sftp-batch")
    pinned = batch.settings["host_key"]
    Backend.objects.filter(pk=batch.pk).update(settings={**batch.settings, "host_key": "ssh-ed25519 of an old folder"})
    load(loaded.folder)
    assert Backend.objects.get(pk=batch.pk).settings["host_key"] == pinned


def test_every_load_is_recorded(loaded: SmallCatalogue) -> None:
    assert Change.objects.filter(verb="version.loaded", actor=None).count() == 3


def test_the_same_catalogue_again_does_nothing(
    loaded: SmallCatalogue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(3):
        assert load(loaded.folder) is None


def test_only_what_changed_gets_a_new_version(loaded: SmallCatalogue) -> None:
    loaded.change("functions.csv", 2, fee_hkd="400")
    counts = load_again(loaded)
    assert (counts["functions"], counts["new versions"], counts["unchanged"]) == (0, 1, 2)
    assert (version("td-renew").number, version("td-renew").fee_hkd) == (2, Decimal(400))


def test_another_order_of_questions_is_a_change(loaded: SmallCatalogue) -> None:
    loaded.change("functions.csv", 4, fields="name:text;kind:choice(a|b)")
    assert load_again(loaded)["new versions"] == 1
    own = [name for name in version("oro-search").form["properties"] if name in {"name", "kind"}]
    assert own == ["name", "kind"]


def test_going_back_to_the_catalogue_before_is_a_change_too(loaded: SmallCatalogue) -> None:
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    loaded.change("functions.csv", 2, fee_hkd="370")
    assert load_again(loaded)["new versions"] == 1


def test_a_new_function_is_added_to_those_there_are(loaded: SmallCatalogue) -> None:
    loaded.add("functions.csv", 2, code="td-new")
    assert load_again(loaded)["functions"] == 1
    assert function("td-new").state == "published"


def test_what_officers_published_is_left_as_they_made_it(loaded: SmallCatalogue) -> None:
    republish("td-renew", summary_en="Renew it in five minutes.")
    loaded.change("functions.csv", 2, fee_hkd="400")
    assert load_again(loaded)["left as officers made them"] == 1
    assert version("td-renew").summary_en == "Renew it in five minutes."


def test_a_draft_that_an_officer_is_writing_stays_open(loaded: SmallCatalogue) -> None:
    draft = flows.start_draft(function("td-renew"), by=officer_of("td-renew"))
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert version("td-renew").number == 3


def test_a_suspended_function_stays_suspended(loaded: SmallCatalogue) -> None:
    reasons = {"en": "Moving.", "zh-hant": "搬遷。"}
    flows.suspend(function("td-renew"), by=officer_of("td-renew"), reasons=reasons)
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    assert (function("td-renew").state, version("td-renew").number) == ("suspended", 2)


def test_a_retired_function_does_not_come_back(loaded: SmallCatalogue) -> None:
    flows.retire(function("td-renew"), by=officer_of("td-renew"))
    loaded.change("functions.csv", 2, fee_hkd="400")
    load(loaded.folder)
    assert (function("td-renew").state, version("td-renew").number) == ("retired", 1)


def test_what_operations_decided_about_an_app_is_kept(loaded: SmallCatalogue) -> None:
    LegacyApp.objects.update(status="consolidating", retire_by="2026-12-31")
    loaded.change("apps.csv", 2, name_en="HK eMobility")
    load(loaded.folder)
    assert list(LegacyApp.objects.values_list("name_en", "status")) == [("HK eMobility", "consolidating")]


def test_backends_follow_the_twins_to_another_port(loaded: SmallCatalogue, settings: Settings) -> None:
    settings.TWINS_URL = "http://127.0.0.1:8199"
    load(loaded.folder)
    assert Backend.objects.get(code="td-rest").address == "http://127.0.0.1:8199/td-rest/"


def test_a_backend_that_an_officer_changed_stays_where_it_is(loaded: SmallCatalogue, settings: Settings) -> None:
    backend = Backend.objects.get(code="td-rest")
    before, backend.timeout_seconds = backend.address, 5
    flows.save_backend(backend, by=officer_of("td-renew"))
    settings.TWINS_URL = "http://127.0.0.1:8199"
    assert follow_twins() == 2  # the others
    assert Backend.objects.get(code="td-rest").address == before


def test_a_backend_that_nobody_spoke_to_before_gets_its_settings(loaded: SmallCatalogue) -> None:
    unspoken = BackendFactory(connector="fixed-width", address="", settings={}, is_idempotent=True, has_lookup=False)
    assert follow_twins() == 1
    unspoken.refresh_from_db()
    assert unspoken.address == address_of(unspoken.code, "fixed-width")
    assert (unspoken.is_idempotent, unspoken.has_lookup) == (False, True)
    soundness.check(unspoken)


def test_a_mainframe_that_an_officer_is_setting_up_is_left_alone(loaded: SmallCatalogue) -> None:
    backend = BackendFactory(records=True)
    backend.settings["system"] = "OWN"
    flows.save_backend(backend, by=OfficerFactory(department=backend.department))
    Backend.objects.filter(pk=backend.pk).update(address="")
    assert follow_twins() == 0


def test_a_load_whose_telling_failed_is_done_again(loaded: SmallCatalogue) -> None:
    def fail(_: list[int]) -> None:
        raise ConnectionError

    loaded.change("functions.csv", 2, fee_hkd="400")
    publication.on_published(fail)
    try:
        with pytest.raises(ConnectionError):
            load(loaded.folder)
    finally:
        publication._callbacks.remove(fail)
    assert load_again(loaded)["unchanged"] == 3


@pytest.mark.parametrize("functions", [3, 40])
def test_storing_takes_as_many_queries_whatever_the_number_of_functions(
    catalogue: SmallCatalogue, functions: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(functions - 3):
        catalogue.add("functions.csv", 2, code=f"td-{number}")
    compiled_now = compiled.compile_sheets(sheets.read(catalogue.folder))
    with django_assert_max_num_queries(16):
        store(compiled_now)


def test_the_whole_catalogue_loads() -> None:
    said = io.StringIO()
    call_command("load_catalogue", stdout=said)
    assert "departments 79, apps 114, backends 151, functions 1,901" in said.getvalue()
    assert ServiceFunction.objects.public().count() == 1901
