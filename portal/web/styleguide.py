"""Every component in every state, on one page."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.web import results
from portal.web.asked import Asked

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Sample:
    """A question as components/field.html takes it."""

    name: str
    label: str
    kind: str = "text"
    value: object = ""
    hint: str = ""
    error: str = ""
    source: str = ""
    choices: Choices = field(default_factory=list)
    required: bool = True
    readonly: bool = False
    autocomplete: str = ""
    maxlength: int = 0


ICONS = [
    "info", "waiting", "error", "success", "person", "chevron", "back", "arrow", "search", "lock", "file",
]  # fmt: skip
SWATCHES = ["paper", "surface", "sunken", "ink", "ink-quiet", "accent", "accent-tint", "error", "waiting"]
DISTRICTS = [
    ("central-and-western", "Central and Western"),
    ("islands", "Islands"),
    ("sha-tin", "Sha Tin"),
    ("yau-tsim-mong", "Yau Tsim Mong"),
]
SOURCE = "From your profile: Immigration Department, checked 3 March 2026"


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """The gallery for those who build pages; it shows no one's data."""
    return render(
        request,
        "web/styleguide.html",
        {
            "fields": _fields(),
            "wrong_fields": _wrong_fields(),
            "errors": [("date_of_birth", "Enter your date of birth"), ("", "The counter closed meanwhile")],
            "steps": _steps(),
            "crossings": ["accepted", "delivering", "waiting", "completed", "problem", "withdrawn"],
            "tones": ["info", "waiting", "error", "success"],
            "icons": ICONS,
            "swatches": SWATCHES,
            "page": Paginator(range(60), 20).page(2),
            "results": _results(),
            **_finding(),
            "summary": _summary(),
            "consent_fields": _consent_fields(),
            "choices_field": {
                "name": "home",
                "label": "Home address",
                "source": SOURCE,
                "provenance": {"is_verified": True},
            },
            "columns": ["Department", "Live apps", "Retired", "State"],
            "numeric": [1, 2],
            "table_rows": _table_rows(),
            "crumbs": [("Services", "#"), ("Driving", "#"), ("Renew a vehicle licence", "")],
        },
    )


def _fields() -> list[Sample]:
    few = [("1", "4 months"), ("2", "12 months")]
    many = [(str(number), f"Class {number}") for number in range(1, 9)]
    home = {"line_1": "Flat 8, 12/F, Tower 2", "line_2": "Sha Kok Estate", "district": "sha-tin"}
    return [
        Sample("full_name", "Full name", value="CHAN Tai Man", source=SOURCE, autocomplete="name"),
        Sample("hkid", "Hong Kong identity card number", "hkid", "A123456(3)", "As on your card", readonly=True),
        Sample("vehicle", "Vehicle registration mark", "vehicle_mark", hint="For example AB 1234"),
        Sample("expires", "Licence expires on", "date", date(2026, 3, 31)),
        Sample("visit", "When would you like to come", "datetime", required=False),
        Sample("people", "How many people", "int", 2),
        Sample("fee", "Amount you paid", "money", 370),
        Sample("phone", "Mobile number", "phone", hint="8 digits", autocomplete="tel"),
        Sample("email", "Email address", "email", autocomplete="email", required=False),
        Sample("br", "Business registration number", "br_number"),
        Sample("period", "How long for", "choice", "2", choices=few),
        Sample("class", "Vehicle class", "choice", choices=many),
        Sample("address", "Home address", "address", home, source=SOURCE, choices=DISTRICTS),
        Sample("reason", "Anything we should know", "longtext", hint="Up to 500 characters", required=False),
        Sample("scan", "Copy of the document", "file", hint="PDF, JPG or PNG, up to 5 MB"),
        Sample("kept", "Proof of address", "file", {"id": "1", "name": "electricity-bill.pdf"}),
        Sample("agree", "What I have written is true", "bool"),
    ]


def _wrong_fields() -> list[Sample]:
    few = [("yes", "Yes"), ("no", "No")]
    return [
        Sample("date_of_birth", "Date of birth", "date", error="Enter your date of birth"),
        Sample("owner", "Are you the owner", "choice", choices=few, error="Choose yes or no"),
    ]


def _steps() -> list[dict[str, object]]:
    now = timezone.now()
    return [
        {"label": "We have your application", "detail": "", "at": now - timedelta(hours=2), "state": "done"},
        {
            "label": "With the Transport Department",
            "detail": "It is taking longer than usual. You may leave; we will tell you.",
            "at": now,
            "state": "current",
        },
        {"label": "Not delivered", "detail": "An officer is looking at it.", "at": "", "state": "problem"},
        {"label": "Answer", "detail": "", "at": "", "state": "todo"},
    ]


def _results() -> list[dict[str, object]]:
    return [
        {
            "name": "Renew a vehicle licence",
            "url": "#",
            "summary": "Renew the licence of a car, motorcycle or goods vehicle for 4 or 12 months.",
            "department": "Transport Department",
            "tags": [{"text": "Renew"}, {"text": "Sign in needed"}],
        },
        {
            "name": "Apply for a duplicate vehicle licence",
            "url": "#",
            "summary": "When the disc is lost, stolen or damaged.",
            "department": "Transport Department",
            "tags": [{"text": "Apply"}, {"text": "Paused", "tone": "waiting"}],
            "note": "Closed until Monday 9 March.",
        },
    ]


def _finding() -> dict[str, object]:
    asked = Asked(q="car tax", category="transport")
    return {
        "words": ["renew my licence", "lost identity card", "public housing"],
        "subjects": [("driving", "Driving and transport"), ("housing", "Housing")],
        "asked": asked,
        "chips": [{"text": "Driving and transport", "url": "#"}],
        "filters": results.choices(asked),
    }


def _summary() -> list[dict[str, object]]:
    address = ["Flat 8, 12/F, Tower 2", "Sha Kok Estate", "Sha Tin"]
    return [
        {"label": "Full name", "value": "CHAN Tai Man", "source": SOURCE},
        {"label": "Home address", "value": address, "change_url": "#"},
        {"label": "Anything we should know", "value": "", "change_url": "#"},
    ]


def _consent_fields() -> list[dict[str, object]]:
    return [
        {"name": "name_en", "title": "Name in English", "value": "CHAN Tai Man", "is_needed": True},
        {"name": "phone", "title": "Phone", "value": "6123 4567", "is_given": True},
        {"name": "email", "title": "Email", "value": "taiman@example.hk"},
    ]


def _table_rows() -> list[list[object]]:
    return [
        [{"text": "Transport Department", "url": "#"}, "4", "3", {"text": "On time", "tone": "success"}],
        [{"text": "Immigration Department", "url": "#"}, "6", "1", {"text": "Waiting", "tone": "waiting"}],
        [{"text": "Housing Department", "url": "#"}, "2", "0", {"text": "Behind", "tone": "error"}],
    ]
