"""Kinds of account: who lives here, who visits for a time, and who comes for a company.

A company is no log-in: people sign in as themselves, and mandates say for which company they may act
(identity.mandates).
"""

from datetime import date, timedelta

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.accounts.models import User

CHOICES = [
    (User.Kind.RESIDENT, _("I live in Hong Kong")),
    (User.Kind.VISITOR, _("I am visiting Hong Kong, with a passport or travel document")),
    (User.Kind.BUSINESS, _("I come for a company or organisation")),
]
AUDIENCE = {User.Kind.RESIDENT: "citizen", User.Kind.VISITOR: "visitor", User.Kind.BUSINESS: "business"}


class KindForm(forms.Form):
    """What django-allauth's sign-up asks beyond its own; named in ACCOUNT_SIGNUP_FORM_CLASS."""

    kind = forms.ChoiceField(
        label=_("What brings you here?"), choices=CHOICES, initial=User.Kind.RESIDENT, required=False
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by django-allauth once the account is there."""
        become(user, self.cleaned_data.get("kind") or User.Kind.RESIDENT, today=timezone.localdate())


def become(person: User, kind: str, *, today: date) -> None:
    """Make the account one of that kind; a visitor's ends after settings.VISITOR_DAYS days."""
    person.kind = kind
    person.ends_on = today + timedelta(days=settings.VISITOR_DAYS) if kind == User.Kind.VISITOR else None
    person.save(update_fields=["kind", "ends_on"])


def has_ended(person: User, *, today: date) -> bool:
    """Whether a visitor's account has run out; its last day still counts."""
    return person.ends_on is not None and person.ends_on < today


def is_meant(person: User, audience: list[str]) -> bool:
    """Whether a function for these audiences is meant for accounts of this kind; a wrong guess only warns."""
    return AUDIENCE[User.Kind(person.kind)] in audience
