"""How the desk looks and where its menu leads, in the words of django-unfold's settings."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Ferry 一渡通",
    "SITE_HEADER": "Ferry 一渡通",
    "SITE_SUBHEADER": _("Department desk"),
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("web/favicon.svg")}],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": False,
    "LANGUAGES": {"action": reverse_lazy("desk:set_language"), "navigation": []},
    "DASHBOARD_CALLBACK": "portal.desk.dashboard.dashboard",
    "SIDEBAR": {"navigation": "portal.desk.navigation.sidebar", "show_search": False, "show_all_applications": False},
    "COLORS": {
        "primary": {
            "50": "#eef7f4", "100": "#d5ebe4", "200": "#addacc", "300": "#7cc1ac", "400": "#4aa389",
            "500": "#2b866d", "600": "#0b5d4e", "700": "#0b5246", "800": "#0b4239", "900": "#0a362f", "950": "#041f1b",
        }
    },
}  # fmt: skip
