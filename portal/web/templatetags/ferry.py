"""What templates ask for beyond Django's own: dates and money in people's words, languages, and parts of a field."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import get_language

from services import languages, moments, traces

register = template.Library()


class Named(Protocol):
    """What has words in all languages, such as a department's site."""

    def words(self, kind: str) -> dict[str, str]: ...


LANG_TAGS = {"en": "en", "zh-hant": "zh-Hant-HK", "zh-hans": "zh-Hans"}
SHORT_NAMES = {"en": "EN", "zh-hant": "繁", "zh-hans": "简"}
RADIO_LIMIT = 5  # more options than this make a select
WIDGETS = {"longtext": "textarea", "bool": "checkbox", "file": "file", "address": "address"}
GROUPS = {"radios", "address"}  # several controls under one legend


@register.filter
def lang_tag(code: str) -> str:
    """BCP 47 tag for a `lang` attribute; it decides which shapes a Chinese font draws."""
    return LANG_TAGS.get(code, code)


@register.simple_tag
def reference_number() -> str:
    """The id of this request's trace, as X-Request-Id gives it. Asks no database, so that every error page has it."""
    return traces.current_id()


# --- Dates and money ------------------------------------------------------------------------------
@register.filter
def day(at: date | str) -> str:
    """Tuesday 3 March, or 3月3日（星期二）; the year is added when it is not this year. Text stays as it is."""
    if isinstance(at, datetime):
        at = _local(at).date()
    if not isinstance(at, date):
        return at or ""
    return _say_day(get_language() or "", at, at.year == timezone.localdate().year)


@lru_cache(maxsize=1_000)
def _say_day(language: str, at: date, is_this_year: bool) -> str:
    """In that language, which is the one of this request; lists say the same days again and again."""
    weekday = WEEKDAYS[at.weekday()]
    if language.startswith("zh"):
        return f"{'' if is_this_year else f'{at.year}年'}{at.month}月{at.day}日（{weekday}）"
    return f"{weekday} {at.day} {MONTHS[at.month]}{'' if is_this_year else f' {at.year}'}"


@register.filter
def moment(at: datetime | str) -> str:
    """Tuesday 3 March, 2:30 pm, or 3月3日（星期二）下午2時30分, in Hong Kong time. Text stays as it is."""
    if not isinstance(at, datetime):
        return day(at)
    at = _local(at)
    return f"{day(at.date())}{'' if _is_chinese() else ', '}{moments.say_clock(at.time(), languages.current())}"


@register.filter
def hkd(amount: int | float | Decimal | str | None) -> str:
    """HK$370, HK$1,290.50; nothing for nothing."""
    if amount is None or amount == "":
        return ""
    value = Decimal(str(amount))
    return f"HK${value:,.0f}" if value == value.to_integral_value() else f"HK${value:,.2f}"


def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


# --- Languages ------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def language_links(context: Context) -> list[dict[str, object]]:
    """The languages with the address of this same page in each. No URL is resolved: it is on every page."""
    request: HttpRequest | None = context.get("request")
    now = get_language()
    return [
        {
            "name": name,
            "short": SHORT_NAMES[code],
            "tag": lang_tag(code),
            "url": _in_language(request, code),
            "is_current": code == now,
        }
        for code, name in settings.LANGUAGES
    ]


def _in_language(request: HttpRequest | None, code: str) -> str:
    """The same page under /{code}/, or with ?lang={code} where addresses carry no language."""
    if request is None:
        return f"/{code}/"
    first, slash, rest = request.path.lstrip("/").partition("/")
    query = request.GET.copy()
    if first in LANG_TAGS:
        query_text = query.urlencode()
        return f"/{code}{slash}{rest}{f'?{query_text}' if query_text else ''}"
    query["lang"] = code
    return f"{request.path}?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def page_link(context: Context, number: int) -> str:
    """The query string of another page of the same list."""
    request: HttpRequest | None = context.get("request")
    pairs = [(key, value) for key, values in request.GET.lists() for value in values] if request else []
    return "?" + urlencode([*(pair for pair in pairs if pair[0] != "page"), ("page", number)])


# --- Parts of a field -----------------------------------------------------------------------------
@register.filter
def widget(field: object) -> str:
    """Which file of components/inputs/ draws this field."""
    kind = str(_part(field, "kind"))
    if kind == "choice":
        choices = _part(field, "choices")
        is_short = isinstance(choices, Sequence) and len(choices) <= RADIO_LIMIT
        return "radios" if is_short else "select"
    return WIDGETS.get(kind, "input")


@register.filter
def is_group(name: str) -> bool:
    """Whether a widget needs a fieldset and a legend."""
    return name in GROUPS


@register.filter
def described_by(field: object) -> str:
    """The ids for aria-describedby, of the parts that this field has."""
    name = _part(field, "name")
    return " ".join(f"field-{name}-{part}" for part in ("hint", "error", "source") if _part(field, part))


@register.filter
def as_input(value: object) -> str:
    """A value as an HTML control takes it: ISO dates, plain numbers, nothing for None."""
    if isinstance(value, datetime):
        return _local(value).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


@register.filter
def item(row: Sequence[object] | Mapping[object, object], key: int) -> object:
    """`row[key]`, or nothing where there is none."""
    if isinstance(row, Mapping):
        return row.get(key, "")
    return row[key] if -len(row) <= key < len(row) else ""


@register.filter
def words(named: Named, kind: str) -> str:
    """Its `name`, `department_name` or `purpose` in the active language, or in the next best one."""
    return languages.pick(named.words(kind))


@register.filter
def is_list(value: object) -> bool:
    """Whether a value has several lines."""
    return isinstance(value, list | tuple)


def _part(field: object, name: str) -> object:
    return field.get(name, "") if isinstance(field, Mapping) else getattr(field, name, "")
