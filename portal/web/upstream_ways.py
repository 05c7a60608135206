"""The identity app as a way to prove more than the session proves."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from identity.accounts.models import User
from identity.accounts.step_up import Way
from identity.upstream import client, flows


def ways(request: HttpRequest) -> Iterable[Way]:
    """Of a person whose account is linked to the app; with "+" it reaches `plus`."""
    if not isinstance(request.user, User) or not client.is_configured():
        return []
    connection = flows.connection_of(request.user)
    if connection is None:
        return []
    level = User.Assurance.PLUS if connection.can_sign else User.Assurance.BASIC
    return [Way(_("Use your identity app"), reverse("web:upstream-prove"), level)]
