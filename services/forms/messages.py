"""What stands beside a field that is to be put right: what to do, in the language that is active."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from identity.formats import has_hkid_shape
from services import languages

# First words that take no “the” before them.
_DETERMINERS = {"a", "an", "any", "her", "his", "my", "our", "the", "their", "this", "your"}
_DETERMINERS |= {"how", "what", "when", "where", "which", "who", "whose", "why"}
_NAMES = {
    "hong",
    "mainland",
    "octopus",
    "hkid",
    "gpu",
    "gpus",
    "e-cert",
}  # first words that keep their capital


def in_sentence(title: str) -> str:
    """`Licence number` -> `the licence number`; Chinese stays as it is."""
    if languages.current() != "en" or not title.isascii():
        return title
    first, space, rest = title.partition(" ")
    is_name = first.lower() in _NAMES or any(letter.isupper() for letter in first[1:])
    lowered = title if is_name else f"{first.lower()}{space}{rest}"
    return lowered if first.lower() in _DETERMINERS else f"the {lowered}"


def is_question(title: str) -> bool:
    """`Which bank?`, which is answered; other titles are entered."""
    return title.endswith(("?", "？"))


def missing(kind: str, title: str) -> str:
    """For a field that was left empty."""
    if is_question(title):
        return _("Please answer: %(question)s") % {"question": title}
    words = {"field": in_sentence(title)}
    if kind in {"choice", "bool"}:
        return _("Choose %(field)s.") % words
    if kind == "file":
        return _("Add %(field)s.") % words
    return _("Enter %(field)s.") % words


def missing_part(part: str) -> str:
    """For an address without its first line or its district."""
    return _("Choose the district.") if part == "district" else _("Enter the flat, floor and building.")


def wrong(kind: str, value: Any) -> str:
    """For a value that is not of its kind."""
    if kind == "hkid" and isinstance(value, str) and has_hkid_shape(value):
        return _("This identity card number does not add up. Check the letter, the six digits and the one in brackets.")
    return _EXPECTED[kind]()


def too_long(most: int, count: int) -> str:
    """For a text over its limit, both in characters."""
    return _("Use at most %(most)s characters; now there are %(count)s.") % {"most": most, "count": count}


def too_short(least: int) -> str:
    """For a text under its limit, in characters."""
    return _("Write at least %(least)s characters.") % {"least": least}


def out_of_range(rules: Mapping[str, Any]) -> str:
    """For a number under its `minimum` or over its `maximum`."""
    least, most = rules.get("minimum"), rules.get("maximum")
    if most is None:
        return _("Enter a number that is %(least)s or more.") % {"least": least}
    if least is None:
        return _("Enter a number that is %(most)s or less.") % {"most": most}
    return _("Enter a number from %(least)s to %(most)s.") % {"least": least, "most": most}


def unusable_character() -> str:
    """For a control character or half a character."""
    return _("There is a character here that cannot be sent. Delete it, or type the text again.")


def unknown_field() -> str:
    """For a name that the form does not have."""
    return _("This form has no such field. Leave it out.")


def not_an_object() -> str:
    """For data that is no JSON object."""
    return _("Send the form as a JSON object: the names of its fields with their values.")


def too_much() -> str:
    """For data beyond any form."""
    return _("This is more than the form can take. Shorten what you wrote.")


def unknown_file() -> str:
    """For an id that is not of a file the person sent."""
    return _("We do not have this file any more. Choose it again.")


_EXPECTED: dict[str, Callable[[], str]] = {
    "text": lambda: _("Write this as text."),
    "longtext": lambda: _("Write this as text."),
    "date": lambda: _("Enter a date such as 2026-03-27."),
    "datetime": lambda: _("Enter a date and time such as 2026-03-27 14:30."),
    "int": lambda: _("Enter a whole number such as 3."),
    "money": lambda: _("Enter an amount in Hong Kong dollars such as 1200.00."),
    "choice": lambda: _("Choose one of the options."),
    "bool": lambda: _("Choose yes or no."),
    "email": lambda: _("Enter an email address such as name@example.com."),
    "phone": lambda: _("Enter a phone number such as 9123 4567, or +44 20 7946 0000 if it is not in Hong Kong."),
    "hkid": lambda: _("Enter an identity card number such as A123456(3)."),
    "br_number": lambda: _("Enter the 8 digits of the business registration number."),
    "vehicle_mark": lambda: _("Enter a registration mark such as AB1234, at most 8 letters and digits."),
    "address": lambda: _("Give the address as an object with line_1, line_2 and district."),
    "file": unknown_file,
}
