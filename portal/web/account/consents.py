"""What I allowed: each consent of the person, withdrawn with one press."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.accounts.models import User
from identity.consent import flows, records
from identity.consent.models import Consent
from portal.web.account import sentences
from services import languages

MOST_ENDED = 50  # of those that are over, on the page


@never_cache
@require_safe
def consent_list(request: HttpRequest) -> HttpResponse:
    """Those in force, then those that are over."""
    assert isinstance(request.user, User)
    now = timezone.now()
    own = Consent.objects.of(request.user)
    in_force = list(own.in_force(now))
    ended = list(own.exclude(pk__in=[each.pk for each in in_force])[:MOST_ENDED])
    context = {
        "in_force": [_row(each) for each in in_force],
        "ended": [_row(each) | {"state": each.ended_by or "over"} for each in ended],
        "withdrawn": next((_row(each) for each in ended if str(each.pk) == request.GET.get("withdrawn")), None),
    }
    return render(request, "web/account_consents.html", context)


@never_cache
@require_POST
def consent_withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """End it at once: whoever relies on it asks at each use."""
    consent = get_object_or_404(Consent, pk=key, person=request.user)
    flows.withdraw(consent)
    return redirect(f"{reverse('web:account-consents')}?withdrawn={consent.pk}")


@never_cache
@require_safe
def consent_record(request: HttpRequest, key: str) -> HttpResponse:
    """The receipt of a consent, to be kept."""
    consent = get_object_or_404(Consent, pk=key, person=request.user)
    headers = {"Content-Disposition": f'attachment; filename="ferry-consent-{consent.pk}.json"'}
    return JsonResponse(
        records.record(consent), headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 1}
    )


def _row(consent: Consent) -> dict[str, Any]:
    worded = consent.wording.get("fields", {})
    titles = [
        languages.pick(worded.get(name, {})) or str(sentences.name_of(name))
        for name in sentences.in_order(consent.fields)
    ]
    return {
        "consent": consent,
        "recipient": languages.pick(consent.recipient_names) or consent.recipient,
        "purpose": languages.pick(consent.purpose_names) or consent.purpose,
        "why": languages.pick(consent.wording.get("why", {})),
        "titles": sentences.listed(titles),
    }
