"""What an agent is shown of the principal stands in the principal's disclosure log: once a session for each thing."""

from collections.abc import Collection

from django.http import HttpRequest
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import flows as consent
from identity.mandates import acting as session
from identity.mandates.models import Mandate
from services.gateway import acting
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion

AGENT = "agent"  # recipient of a line: not a department, but whoever acts for the person
_SHOWN = "mandate_shown"


def filled_in(request: HttpRequest, version: FunctionVersion, shown: Collection[str]) -> None:
    """The principal's disclosure log says that their profile was shown to whoever acts for them: once a session."""
    mandate = session.of(request)
    if mandate is not None and shown:
        asked = version.form["properties"]
        fields = {asked[name].get("x-profile", name) for name in shown}  # as the profile calls them
        _note_once(request, mandate, version, fields, reference="")


def read(request: HttpRequest, call: ServiceCall) -> None:
    """The same of a call that the agent did not make themselves."""
    mandate = session.of(request)
    if mandate is not None and call.caller != session.owner(mandate):
        _note_once(request, mandate, call.version, call.payload["form"], reference=call.receipt)


def _note_once(
    request: HttpRequest, mandate: Mandate, version: FunctionVersion, shown: Collection[str], *, reference: str
) -> None:
    mark = f"{mandate.pk} {reference or version.pk}"
    before: list[str] = request.session.get(_SHOWN, [])
    if mark in before or not isinstance(request.user, User):
        return
    agent = mandate.names["agent"]
    consent.disclose(
        person=request.user,
        for_person=mandate.principal_person,
        actor=request.user if mandate.is_assisted else None,
        kind="officer" if mandate.is_assisted else "call",
        recipient=mandate.department or AGENT,
        recipient_names=mandate.department_names or {"en": agent["en"], "zh-hant": agent["zh"], "zh-hans": agent["zh"]},
        purpose=version.function.code,
        purpose_names=version.names,
        fields=shown,
        reference=reference,
        ground=acting.ground(mandate),
        at=timezone.now(),
    )
    request.session[_SHOWN] = [*before, mark][-200:]
