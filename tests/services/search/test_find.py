"""What a person types in, and what comes first."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from services.registry.models import ServiceFunction
from services.search.find import Filters, Found, find, near_code
from tests.factories import version_of

Offered = dict[str, ServiceFunction]


def first(query: str, language: str = "en") -> str:
    """The code of the best result; empty if there is none."""
    return next((hit.function.code for hit in find(query, language).results), "")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lost my id card", "immd-hkid-replace-lost"),
        ("someone died", "immd-death-register"),
        ("road tax", "td-vehicle-licence-renew"),
        ("rats", "fehd-pest-report"),
        ("my boss owes me money", "ld-wage-claim"),
    ],
)
def test_english_words_of_the_person(offered: Offered, query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("唔見咗身份證", "immd-hkid-replace-lost"),
        ("阿媽過咗身要做咩", "immd-death-register"),
        ("排期考車", "td-driving-test-book"),
        ("搵工", "ld-job-search"),
        ("隔籬裝修好嘈", "epd-noise-complaint"),
    ],
)
def test_cantonese(offered: Offered, query: str, code: str) -> None:
    assert first(query, "zh-hant") == code


@pytest.mark.parametrize(
    ("query", "code"),
    [("补领身份证", "immd-hkid-replace-lost"), ("找工作", "ld-job-search"), ("看板 图书证", "lcsd-library-card")],
)
def test_simplified_finds_what_is_written_in_traditional(offered: Offered, query: str, code: str) -> None:
    assert first(query, "zh-hans") == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("nurse licence", "dh-nurse-apply"),
        ("renew nurse licence", "dh-nurse-renew"),
        ("my nurse licence has expired", "dh-nurse-renew"),
        ("nurse licence stolen", "dh-nurse-replace"),
        ("change my name on nurse registration", "dh-nurse-amend"),
        ("how long will my nurse application take", "dh-nurse-status"),
        ("is this nurse genuine", "dh-nurse-register-search"),
        ("護士牌續期", "dh-nurse-renew"),
        ("護士牌唔見咗", "dh-nurse-replace"),
        ("酒牌頂手", "fehd-liquor-transfer"),
        ("取消酒牌", "fehd-liquor-cancel"),
    ],
)
def test_what_is_to_be_done_decides_among_alike(offered: Offered, query: str, code: str) -> None:
    assert first(query) == code


@pytest.mark.parametrize("query", ["ＰＡＳＳＰＯＲＴ", "pässport", "  passport!!", "Passport?"])
def test_width_case_accents_and_marks_do_not_matter(offered: Offered, query: str) -> None:
    assert first(query) == "immd-passport-renew"


def test_a_typing_error_is_mended_and_said(offered: Offered) -> None:
    found = find("Renew my pasport", "en")
    assert (found.results[0].function.code, found.did_you_mean) == ("immd-passport-renew", "Renew my passport")


def test_swapped_letters_are_a_typing_error(offered: Offered) -> None:
    assert find("passprot", "en").did_you_mean == "passport"


def test_a_right_word_is_never_mended(offered: Offered) -> None:
    """`track` is one letter away, but a crack is a crack."""
    assert find("crack in my passport", "en").did_you_mean == ""


def test_the_last_word_may_be_unfinished(offered: Offered) -> None:
    found = find("lost passp", "en")
    assert (found.results[0].function.code, found.did_you_mean) == ("immd-passport-lost", "")


def test_the_words_that_fit_are_told_as_they_are_shown(offered: Offered) -> None:
    hit = find("passports", "en").results[0]
    assert "passport" in hit.matched


def test_chinese_words_that_fit_are_told_in_the_script_shown(offered: Offered) -> None:
    hit = find("护照", "zh-hant").results[0]
    assert hit.matched == ["特區護照"]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(category="health"),
        Filters(department="fehd"),
        Filters(audience="business"),
        Filters(action="renew"),
    ],
)
def test_filters_narrow_a_search(offered: Offered, filters: Filters) -> None:
    found = find("licence", "en", filters)
    assert found.count == len(found.results) < find("licence", "en").count
    assert all(_passes(hit.function, filters) for hit in found.results)


@pytest.mark.parametrize("filters", [Filters(category="health"), Filters(audience="business"), Filters(action="renew")])
def test_filters_narrow_the_whole_list(offered: Offered, filters: Filters) -> None:
    expected = {code for code, function in offered.items() if _passes(function, filters)}
    assert {hit.function.code for hit in find("", "en", filters).results} == expected


def _passes(function: ServiceFunction, filters: Filters) -> bool:
    version = version_of(function)
    return (
        filters.category in ("", version.category)
        and filters.department in ("", function.department.code)
        and (not filters.audience or filters.audience in version.audience)
        and filters.action in ("", version.action)
    )


def test_no_words_list_everything(offered: Offered) -> None:
    found = find("", "en", limit=10)
    assert (found.count, len(found.results)) == (len(offered), 10)


@pytest.mark.parametrize("query", ["", "licence"])
def test_pages_follow_each_other(offered: Offered, query: str) -> None:
    whole = [hit.function.code for hit in find(query, "en", limit=100).results]
    pages = [
        hit.function.code
        for offset in range(0, len(whole), 6)
        for hit in find(query, "en", offset=offset, limit=6).results
    ]
    assert pages == whole


def test_a_page_beyond_the_last_is_empty_and_still_counts(offered: Offered) -> None:
    found = find("licence", "en", offset=10**30)
    assert (found.results, found.near, found.count) == ([], [], find("licence", "en").count)


@pytest.mark.parametrize(
    "query", ["zzzzqqq", "\x00", "🐙🐙", "!?。，", "\ud800", "。" * 10_000, "鬱" * 10_000, "%_'\"\\;--"]
)
def test_nothing_fits_and_nothing_breaks(offered: Offered, query: str) -> None:
    found = find(query, "zh-hant", Filters(category="\x00" * (query == "\x00")))
    assert found.count == 0
    assert found.results == []


def test_only_the_beginning_of_a_long_query_is_read(offered: Offered) -> None:
    assert first("passport " + "filler " * 5_000) == "immd-passport-renew"


def test_where_nothing_fits_the_closest_is_offered(offered: Offered) -> None:
    """護造 is no word; its first character begins 護照 and 護士."""
    found = find("護造", "zh-hant")
    assert found.count == 0
    assert {"immd-passport-renew", "dh-nurse-apply"} & {hit.function.code for hit in found.near}


@pytest.mark.parametrize("query", ["", "licence", "renew pasport", "zzzzqqq", "護造", "續車牌"])
def test_two_queries_whatever_is_typed_and_used(offered: Offered, query: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = find(query, "en")
        for hit in [*found.results, *found.near]:
            assert version_of(hit.function).backend.code.startswith(hit.function.department.code)
    assert len(queries) <= 2


def test_rows_are_those_of_the_registry(offered: Offered) -> None:
    """They are made from a hand-written query; whatever the ORM reads must be the same."""
    found = find("passport", "en").results[0].function
    expected = ServiceFunction.objects.with_content().get(pk=found.pk)
    version, expected_version = version_of(found), version_of(expected)
    assert _values(found) == _values(expected)
    assert _values(version) == _values(expected_version)
    assert _values(version.backend) == _values(expected_version.backend)
    assert _values(found.department) == _values(expected.department)


def _values(row: Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("code", ["immd-pasport-renew", "passport-renew", "immd_passport_renew", "IMMD-PASSPORT-RENEW"])
def test_an_unknown_code_has_near_matches(offered: Offered, code: str) -> None:
    assert near_code(code)[0].function.code == "immd-passport-renew"


def test_an_unknown_code_of_other_words_is_searched_for(offered: Offered) -> None:
    assert near_code("lost-hkid")[0].function.code == "immd-hkid-replace-lost"


@pytest.mark.parametrize("code", ["", "---", "\x00", "x" * 10_000])
def test_a_senseless_code_has_none(offered: Offered, code: str) -> None:
    assert near_code(code) == []


def test_an_empty_index_finds_nothing(make: Callable[[str], ServiceFunction]) -> None:
    assert find("passport", "en") == Found(0, [])
