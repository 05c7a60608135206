"""django-allauth's forms and sessions in the words and components of the rest."""

import json

from django import forms, template
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.utils.translation import gettext_lazy

from identity.accounts import factors, user_agents

register = template.Library()

LABELS = {
    "login": gettext_lazy("Username or email address"),
    "email": gettext_lazy("Email address"),
    "password": gettext_lazy("Password"),
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name of this passkey"),
    "oldpassword": gettext_lazy("Your password now"),
    "password1": gettext_lazy("Choose a new password"),
    "password2": gettext_lazy("The same password once more"),
}
HINTS = {
    "name": gettext_lazy("So that you know it again: “My phone”, “Key on my ring”."),
    "password1": gettext_lazy("At least 10 characters; not your name, and not one that many people use."),
}
MISSING = {
    "login": gettext_lazy("Enter your username or email address."),
    "email": gettext_lazy("Enter your email address."),
    "password": gettext_lazy("Enter your password."),
    "oldpassword": gettext_lazy("Enter the password that you have now."),
    "code": gettext_lazy("Enter the code."),
    "password1": gettext_lazy("Choose a password."),
    "password2": gettext_lazy("Type the password once more."),
}
_MISMATCH = gettext_lazy("This name and this password do not belong together. Check both and try again.")
MISTAKES = {  # by the codes of Django and allauth
    "email_password_mismatch": _MISMATCH,
    "username_password_mismatch": _MISMATCH,
    "invalid_login": _MISMATCH,
    "too_many_login_attempts": gettext_lazy("There were too many attempts. Wait 5 minutes, then try again."),
    "incorrect_code": gettext_lazy("This code is not right, or has run out. Look again, or use a new one."),
    "incorrect_password": gettext_lazy("This is not your password. Try again."),
    "enter_current_password": gettext_lazy("This is not your password. Try again."),
    "duplicate_email": gettext_lazy("This address is yours already."),
    "password_too_short": gettext_lazy("Use at least 10 characters."),
    "password_too_common": gettext_lazy("Many people use this password, so it is easily guessed. Choose another."),
    "password_entirely_numeric": gettext_lazy("Use some letters too: numbers alone are easily guessed."),
    "password_too_similar": gettext_lazy("This password is too much like your name or email address. Choose another."),
}
INVALID = {  # the code that Django gives to whatever a field cannot take
    "email": gettext_lazy("Enter an email address such as name@example.com."),
}


@register.filter
def as_question(bound: BoundField) -> dict[str, object]:
    """What components/field.html takes."""
    widget = bound.field.widget
    kind = "text"
    if isinstance(widget, forms.PasswordInput):
        kind = "password"
    elif isinstance(widget, forms.CheckboxInput):
        kind = "bool"
    elif isinstance(widget, forms.EmailInput):
        kind = "email"
    elif isinstance(widget, forms.Select):
        kind = "choice"
    return {
        "name": bound.html_name,
        "label": LABELS.get(bound.name, bound.label),
        "hint": HINTS.get(bound.name, ""),
        "error": " ".join(_said(bound.name, bound.errors)),
        "kind": kind,
        "value": "" if kind == "password" else bound.value(),
        "choices": list(getattr(bound.field, "choices", [])),
        "required": bound.field.required,
        "autocomplete": "username" if bound.name in {"login", "username"} else widget.attrs.get("autocomplete", ""),
        "maxlength": getattr(bound.field, "max_length", None),
    }


@register.filter
def mistakes(form: forms.BaseForm | None) -> list[tuple[str, str]]:
    """What components/error_summary.html takes; nothing for a page without a form."""
    if not isinstance(form, forms.BaseForm):
        return []
    whole = [("", said) for said in _said("", form.non_field_errors())]
    return whole + [(bound.html_name, said) for bound in form for said in _said(bound.name, bound.errors)]


def _said(name: str, errors: object) -> list[str]:
    said: list[str] = []
    for error in getattr(errors, "as_data", list)():
        known = {"required": MISSING, "invalid": INVALID}.get(error.code, {}).get(name) or MISTAKES.get(error.code)
        said += [str(known)] if known else error.messages
    return list(dict.fromkeys(said))


@register.filter
def in_fours(secret: str) -> str:
    """`ABCD EFGH`: what is typed over is read in small groups; apps take it with the spaces."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


@register.filter
def as_json(value: object) -> str:
    """For a data- attribute that a script reads; the template escapes it."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag(takes_context=True)
def passkey_place(context: Context) -> dict[str, object]:
    """Whether passkeys work at this page's address, and this same page where they do, if it is elsewhere."""
    request = context["request"]
    works = factors.passkeys_work_at(request)
    return {"works": works, "elsewhere": "" if works else factors.address_for_passkeys(request)}


@register.filter
def device(user_agent: str) -> str:
    """`Chrome on Windows`: as much as a person needs to know their own telephone."""
    return user_agents.device(user_agent)
