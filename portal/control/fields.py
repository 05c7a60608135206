"""The field that nearly every decision of operations asks for."""

from django.utils.translation import gettext as _

REASON_LENGTH = 300


def reason_field(*, error: str = "", value: str = "") -> dict[str, object]:
    """Of components/field.html."""
    return {
        "name": "reason", "label": _("Reason"), "kind": "text", "required": True, "maxlength": REASON_LENGTH,
        "error": error, "value": value,
    }  # fmt: skip


def mistake(reason: str) -> str:
    """What is wrong with a reason, in the active language; empty if nothing is."""
    if not reason:
        return _("Say why in a few words.")
    if len(reason) > REASON_LENGTH:
        return _("Say it in at most %(count)s characters.") % {"count": REASON_LENGTH}
    return ""
