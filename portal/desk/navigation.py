"""The menu of the desk, by what the person may see."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent.models import OPERATIONS, Question, QuestionQuerySet
from portal.desk.access import departments_of, person
from portal.desk.correcting import open_for
from services.registry import clients
from services.registry.models import FunctionVersion


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Named in settings.UNFOLD."""
    is_officer = departments_of(person(request)).exists()
    return [
        {
            "title": _("Services"),
            "items": [
                _item(_("Overview"), "dashboard", reverse("admin:index"), request, exact=True),
                _item(
                    _("Waiting for you"), "rule", reverse("desk:waiting"), request,
                    badge=waiting(request) if is_officer else 0, is_shown=is_officer,
                ),
                _item(_("Functions"), "list_alt", reverse("admin:registry_servicefunction_changelist"), request),
                _item(_("New function"), "add_circle", reverse("desk:new"), request, is_shown=is_officer),
                _item(
                    _("Recovery slip"), "confirmation_number", reverse("desk:recovery-slip"), request,
                    is_shown=person(request).has_perm("accounts.issue_recovery_slip"),
                ),
                _item(
                    _("Counter"), "storefront", reverse("web:account-counter"), request,
                    is_shown=is_officer and person(request).has_perm("mandates.serve_at_counter"),
                ),
                _item(_("Sign-on for your sites"), "key", reverse("desk:clients"), request),
            ],
        },
        {
            "title": _("Running"),
            "separator": True,
            "items": [
                _item(_("Calls"), "receipt_long", reverse("admin:gateway_servicecall_changelist"), request),
                _item(
                    _("Questions of citizens"), "contact_support", reverse("desk:why-list"), request,
                    badge=questions_for(person(request)).open().count(),
                ),
                _item(
                    _("Wrong data"), "edit_note", reverse("desk:corrections"), request,
                    badge=open_for(request).count() if is_officer else 0, is_shown=is_officer,
                ),
                _item(_("Systems"), "dns", reverse("admin:registry_backend_changelist"), request),
                _item(
                    _("How long data is kept"), "auto_delete", reverse("desk:retention"), request, is_shown=is_officer
                ),
                _item(_("History"), "history", reverse("admin:registry_change_changelist"), request),
            ],
        },
    ]  # fmt: skip


def _item(
    title: str,
    icon: str,
    link: str,
    request: HttpRequest,
    *,
    badge: int = 0,
    is_shown: bool = True,
    exact: bool = False,
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": link,
        "active": request.path == link or (not exact and request.path.startswith(link)),
        "permission": lambda _request: is_shown,
    }
    return item | ({"badge": str(badge), "badge_variant": "warning"} if badge else {})


def waiting(request: HttpRequest) -> int:
    """How many versions of functions and sites the person may decide on."""
    return int(waiting_for(request).count()) + len(clients.to_decide(person(request)))


def waiting_for(request: HttpRequest) -> Any:
    """Versions in review of the person's departments that are not their own work."""
    user = person(request)
    return (
        FunctionVersion.objects.filter(state="in_review", function__department__in=departments_of(user))
        .exclude(function__state="retired")
        .exclude(created_by=user)
        .exclude(submitted_by=user)
        .select_related("function__department", "submitted_by", "function")
        .order_by("submitted_at")
    )


def questions_for(user: User) -> QuestionQuerySet:
    """Those that the person may answer: of their departments, and for operations those about themselves."""
    recipients = list(departments_of(user).values_list("code", flat=True))
    if user.has_perm("gateway.settle_calls"):
        recipients.append(OPERATIONS)
    return Question.objects.filter(recipient__in=recipients)
