"""Hours as people in Hong Kong and on the Mainland write them."""

from datetime import datetime

import pytest
from django.utils import timezone, translation

from portal.web.templatetags import ferry
from services import moments


@pytest.mark.parametrize(
    ("language", "hour", "words"),
    [
        ("zh-hant", 0, "凌晨12時05分"),
        ("zh-hant", 9, "上午9時05分"),
        ("zh-hant", 12, "中午12時05分"),
        ("zh-hant", 23, "下午11時05分"),
        ("zh-hans", 0, "凌晨0:05"),
        ("zh-hans", 12, "中午12:05"),
        ("en", 0, "12:05 am"),
    ],
)
def test_midnight_is_not_mistaken_for_noon(language: str, hour: int, words: str) -> None:
    with translation.override(language):
        assert moments.say_time(datetime(2026, 3, 3, hour, 5, tzinfo=moments.HONG_KONG)) == words


@pytest.mark.parametrize("language", ["en", "zh-hant", "zh-hans"])
def test_pages_and_sentences_write_the_same_moment_alike(language: str) -> None:
    with translation.override(language):
        now = timezone.now()
        assert ferry.moment(now) == moments.say(now)
