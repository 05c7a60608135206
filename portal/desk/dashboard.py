"""The first page of the desk: what stands where, what waits, what is in trouble."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.desk.access import departments_of, person
from portal.desk.changes import told
from portal.desk.navigation import waiting_for
from services.gateway.models import ServiceCall
from services.registry import clients
from services.registry.models import Change, FunctionVersion, ServiceFunction


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Named in settings.UNFOLD."""
    user = person(request)
    functions: Any = ServiceFunction.objects.visible_to(user)
    states = dict(functions.order_by().values_list("state").annotate(count=Count("pk")))
    changes: Any = Change.objects.visible_to(user)
    own = departments_of(user)
    return context | {
        "title": _("Overview"),
        "departments": list(own[:5]) if not user.is_superuser else [],
        "is_officer": own.exists(),
        "states": [(state.value, str(state.label), states.get(state.value, 0)) for state in ServiceFunction.State],
        "waiting": list(waiting_for(request)[:8]),
        "sites": clients.to_decide(user)[:8],
        "drafts": list(
            FunctionVersion.objects.filter(state__in=["draft", "in_review"], function__in=functions)
            .exclude(function__state="retired")
            .select_related("function", "created_by")
            .order_by("-created_at")[:8]
        ),
        "troubled": list(
            ServiceCall.objects.visible_to(user)
            .undelivered()
            .defer("payload", "answer")
            .select_related("function", "backend", "version")[:8]
        ),
        "changes": told(changes.filter(actor__isnull=False).select_related("actor")[:8]),
    }
