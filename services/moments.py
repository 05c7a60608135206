"""Moments, days and money as people in Hong Kong write them, in the language of this request.

"Tuesday 3 March, 2:30 pm" and 「3月3日（星期二）下午2時30分」; the year is named when it is not this one.
"""

from datetime import date, datetime, time
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
    """`2:30 pm` · 「下午2時30分」 · “下午2:30”, in Hong Kong time."""
    return say_clock(moment.astimezone(HONG_KONG).time(), current())


def say_clock(at: time, language: str) -> str:
    """In that language. In Chinese the small hours are 凌晨: 「上午12時」 reads as noon."""
    hour = at.hour % 12 or 12
    if language == "en":
        return f"{hour}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"
    part = "凌晨" if at.hour < 6 else "上午" if at.hour < 12 else "中午" if at.hour == 12 else "下午"
    if language == "zh-hans":
        return f"{part}{at.hour % 12 if at.hour != 12 else 12}:{at.minute:02}"
    return f"{part}{hour}時{f'{at.minute:02}分' if at.minute else ''}"


def say(moment: datetime) -> str:
    """`Tuesday 3 March, 2:30 pm` · 「3月3日（星期二）下午2時30分」 · “3月3日（星期二）下午2:30”."""
    day = say_date(moment.astimezone(HONG_KONG).date())
    return f"{day}, {say_time(moment)}" if current() == "en" else day + say_time(moment)


def say_money(amount: Decimal) -> str:
    """`HK$370`, with cents only where there are any."""
    return f"HK${amount:,.0f}" if amount == amount.to_integral() else f"HK${amount:,.2f}"
