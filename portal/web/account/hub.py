"""My account: one page that leads to everything a person governs."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.web import keeping
from portal.web.wording import wording


class Section(NamedTuple):
    """One card of the page."""

    view: str  # name of its address
    title: str | Promise
    text: str | Promise


SECTIONS = [
    Section("web:profile", _("My data"), _("What Ferry knows about you, and where it comes from.")),
    Section(
        "web:account-disclosures",
        _("Who has seen my data"),
        _("Each time your data left Ferry or staff looked at it. Ask why, and keep a copy that nobody can change."),
    ),
    Section(
        "web:account-consents", _("What I allowed"), _("Departments that may get your data. Take it back at once.")
    ),
    Section("web:account-devices", _("Where you are signed in"), _("Your devices. Sign out one of them, or all.")),
    Section("web:account-device", _("Connect a device"), _("Type in the code that a kiosk or a screen shows you.")),
    Section("web:account-identity-app", _("Your identity app"), _("Sign in with it, and let it fill in your data.")),
    Section("web:account-security", _("Sign-in and security"), _("Your passkeys, app, recovery codes and password.")),
    Section("web:account-mandates", _("Acting for others"), _("For whom you act, who acts for you, and how far.")),
    Section("web:account-rights", _("My rights"), _("Take all your data along, put it right, or delete your account.")),
]


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The sections as cards; above them, what was noted about the person since they last looked."""
    cards = [{"url": reverse(each.view), "title": each.title, "text": each.text} for each in SECTIONS]
    begun = [
        {"name": wording(each.version).html(), "code": each.version.function.code} for each in keeping.begun(request)
    ]
    news_count = getattr(request.user, "news_count", 0)
    return render(request, "web/account.html", {"cards": cards, "begun": begun, "news_count": news_count})
