"""Folding, stemming, the lexicon and spelling, without a database."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import lexicon, text
from services.search.highlights import stretches
from services.search.questions import understand
from services.search.spelling import Candidate, distance, likeliest
from services.search.stems import stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("衞生署", "卫生署"),
        ("ＢＲ", "br"),
        ("Café", "cafe"),
        ("唔見咗", "不见"),
        ("老人咭", "长者卡"),
        ("身分証", "身份证"),
        ("driver's", "drivers"),
        ("A&E", "ae"),
    ],
)
def test_ways_of_writing_fold_together(one: str, other: str) -> None:
    assert text.fold(one) == text.fold(other)


@pytest.mark.parametrize(
    "words",
    [
        "renew renewal renewing renewed renews",
        "vaccine vaccination vaccines",
        "licence licences license licensing",
        "register registration registry",
        "deliver delivery delivered",
        "injury injured injuries",
        "donation donate donations",
    ],
)
def test_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(("one", "other"), [("licence", "licensed"), ("career", "care"), ("bus", "business")])
def test_other_words_have_other_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_chinese_is_cut_into_overlapping_pairs() -> None:
    assert text.terms_of("身份證 ID") == ("身份", "份证", "id")


@given(st.text(max_size=300))
def test_any_text_can_be_asked(query: str) -> None:
    question = understand(query)
    assert all(len(term) <= 250 for term in question.terms())


def test_synonyms_go_both_ways() -> None:
    meanings = lexicon.load().meanings
    for word, other in [("搵工", "职位空缺"), ("护照", "passport"), ("hkid", "身份证")]:
        word, other = lexicon.key(word), lexicon.key(other)
        assert f"={other}" in {meaning.phrase for meaning in meanings[word]}
        assert f"={word}" in {meaning.phrase for meaning in meanings[other]}


@pytest.mark.parametrize("name", ["synonyms.csv", "actions.csv", "folds.csv", "everyday.csv"])
def test_the_lexicon_has_no_empty_words(name: str) -> None:
    with (lexicon.FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words = [word for row in rows for word in row.get("words", "x").split(";")]
    assert all(word.strip() == word != "" for word in words)


def test_every_group_of_synonyms_has_a_known_strength() -> None:
    with (lexicon.FOLDER / "synonyms.csv").open(encoding="utf-8", newline="") as file:
        assert {row["kind"] for row in csv.DictReader(file)} == set(lexicon.STRENGTHS)


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [("passport", "passport", 0), ("passprot", "passport", 1), ("pasport", "passport", 1), ("lisense", "licence", 2)],
)
def test_errors_are_counted(one: str, other: str, errors: int) -> None:
    assert distance(one, other, 2) == errors


def test_counting_stops_at_the_limit() -> None:
    assert distance("passport", "pavement", 2) == 3


def test_a_short_word_is_not_mended() -> None:
    assert likeliest("tool", [Candidate("toll", "toll", 5)], is_last=False) == ([], False)


def test_the_word_with_fewer_errors_is_meant() -> None:
    near, nearer = Candidate("passports", "passport", 9), Candidate("passport", "passport", 1)
    assert likeliest("pasport", [near, nearer], is_last=False) == ([nearer], True)


def test_stretches_are_joined_where_they_touch() -> None:
    assert stretches("補領身份證", {"身份", "份证"}) == ["身份證"]
