"""What of a form a fixed-length record has no room or no letters for, told to the person beside the question."""

import unicodedata
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.gateway import mapping, records
from services.gateway.connectors.base import Misfit
from services.gateway.errors import MappingError
from services.gateway.records import Layout, RecordMisfit

NOT_THE_PERSONS = {"unknown", "kind"}  # faults of the mapping: the officer sees them when trying


def find(layout: Layout, template: Any, context: dict[str, Any]) -> list[Misfit]:
    """What the person can put right, in the active language; `template` makes the record's values."""
    try:
        values = mapping.compose(template, context)
        wrong = records.misfits(layout, values) if isinstance(values, dict) else []
        found = [(_names_at(template, context, each.field), each) for each in wrong]
    except MappingError:  # it will be found unsendable
        return []
    told = (Misfit(frozenset(names), said(each)) for names, each in found if each.code not in NOT_THE_PERSONS)
    return [misfit for misfit in dict.fromkeys(told) if misfit.names]


def _names_at(template: Any, context: dict[str, Any], pointer: str) -> set[str]:
    """The form's fields from which the value at a record's pointer was made."""
    node = template
    for part in pointer.split("/"):
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list):  # compose leaves nulls out, and so counts differently
            kept = [item for item in node if mapping.compose(item, context) is not None]
            node = kept[int(part)]
        else:  # one expression makes all that is below
            break
    return mapping.names_in(node)


def said(misfit: RecordMisfit) -> str:
    """In the active language: what to change."""
    return _WORDS.get(misfit.code, _other)(misfit)


def _long(misfit: RecordMisfit) -> str:
    if misfit.chinese:
        return _("Use at most %(half)s Chinese characters, or %(limit)s English letters.") % {
            "half": misfit.limit // 2,
            "limit": misfit.limit,
        }
    return ngettext("Use at most %(limit)s letter.", "Use at most %(limit)s letters.", misfit.limit) % {
        "limit": misfit.limit
    }


def _letter(misfit: RecordMisfit) -> str:
    if unicodedata.category(misfit.letter)[0] in "CZ" or not misfit.letter.isprintable():
        return _("There is an invisible character in this answer: please type it again.")
    if not misfit.chinese and unicodedata.name(misfit.letter, "").startswith("CJK"):
        return _("This system cannot store Chinese characters here: please write it in English.")
    return _("This system cannot store the character %(letter)s: please write it another way.") % {
        "letter": misfit.letter
    }


def _line_break(misfit: RecordMisfit) -> str:
    return _("This system takes one line here: please write it without line breaks.")


def _digits(misfit: RecordMisfit) -> str:
    return ngettext("Use at most %(limit)s digit.", "Use at most %(limit)s digits.", misfit.limit) % {
        "limit": misfit.limit
    }


def _decimals(misfit: RecordMisfit) -> str:
    if not misfit.limit:
        return _("Give a whole number.")
    return ngettext(
        "Use at most %(limit)s digit after the point.", "Use at most %(limit)s digits after the point.", misfit.limit
    ) % {"limit": misfit.limit}


def _number(misfit: RecordMisfit) -> str:
    return _("Give a number.")


def _negative(misfit: RecordMisfit) -> str:
    return _("Give a number that is 0 or more.")


def _moment(misfit: RecordMisfit) -> str:
    return _("This system cannot store this date: please check the year.")


def _missing(misfit: RecordMisfit) -> str:
    return _("The department's system needs an answer here.")


def _many(misfit: RecordMisfit) -> str:
    return _("The department's system has room for %(limit)s answers of this kind.") % {"limit": misfit.limit}


def _other(misfit: RecordMisfit) -> str:
    return _("This system cannot store this answer: please write it another way.")


_WORDS: dict[str, Callable[[RecordMisfit], str]] = {
    "long": _long,
    "letter": _letter,
    "line_break": _line_break,
    "digits": _digits,
    "decimals": _decimals,
    "number": _number,
    "negative": _negative,
    "moment": _moment,
    "missing": _missing,
    "many": _many,
}
