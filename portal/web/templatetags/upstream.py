"""Which identities from elsewhere the log-in page offers."""

from typing import NamedTuple

from allauth.socialaccount import app_settings
from django import template
from django.urls import reverse

from identity.upstream import client
from identity.upstream.provider import name

register = template.Library()


class Choice(NamedTuple):
    """A button: a form that is posted there."""

    name: str
    url: str


@register.simple_tag
def upstream_choices() -> list[Choice]:
    """By the settings alone; asks the database nothing."""
    found = [Choice(name(), reverse("upstream-start"))] if client.is_configured() else []
    for app in app_settings.PROVIDERS.get("openid_connect", {}).get("APPS", []):
        found.append(Choice(app["name"], reverse("openid_connect_login", args=[app["provider_id"]])))
    return found
