"""Moments, days and money as people in Hong Kong write them, in the language of this request.

"Tuesday 3 March, 2:30 pm" and 「3月3日（星期二）下午2時30分」; the year is named when it is not this one.
"""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from services.languages import current

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
_WEEKDAYS = "一二三四五六日"


def read(text: str) -> datetime | None:
    """A moment as a browser's clock field posts it, taken as Hong Kong time; None for whatever is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=HONG_KONG)


def say_date(day: date, today: date | None = None) -> str:
    """`Tuesday 3 March` · 「3月3日（星期二）」."""
    today = today or timezone.now().astimezone(HONG_KONG).date()
    if current() == "en":
        year = "" if day.year == today.year else f" {day.year}"
        return f"{day:%A} {day.day} {day:%B}{year}"
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def say_time(moment: datetime) -> str:
    """`2:30 pm` · 「下午2時30分」."""
    here = moment.astimezone(HONG_KONG)
    hour = here.hour % 12 or 12
    if current() == "en":
        return f"{hour}:{here.minute:02} {'am' if here.hour < 12 else 'pm'}"
    half = "上午" if here.hour < 12 else "下午"
    hours, minutes = ("時", "分") if current() == "zh-hant" else ("时", "分")
    return f"{half}{hour}{hours}{here.minute:02}{minutes}" if here.minute else f"{half}{hour}{hours}"


def say(moment: datetime) -> str:
    """`Tuesday 3 March, 2:30 pm` · 「3月3日（星期二）下午2時30分」."""
    day = say_date(moment.astimezone(HONG_KONG).date())
    return f"{day}, {say_time(moment)}" if current() == "en" else day + say_time(moment)


def say_money(amount: Decimal) -> str:
    """`HK$370`, with cents only where there are any."""
    return f"HK${amount:,.0f}" if amount == amount.to_integral() else f"HK${amount:,.2f}"
