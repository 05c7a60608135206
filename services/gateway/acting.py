"""Calls that one person makes for another: what the mandate lets them do, and how everybody is told."""

from typing import Any

from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent.models import ASSISTED
from identity.mandates import flows, names
from identity.mandates.models import Act, Mandate
from services.gateway.models import ServiceCall
from services.languages import pick
from services.registry.models import FunctionVersion

Json = dict[str, Any]


def act_to_send(version: FunctionVersion) -> str:
    """A function that takes a signature is signed with the sending."""
    return Act.SIGN if version.assurance == FunctionVersion.Assurance.PLUS else Act.SUBMIT


def may(mandate: Mandate, act: str, version: FunctionVersion) -> bool:
    """Whether the mandate allows this act for the version's function; whether it is in force is asked elsewhere."""
    return mandate.allows(act, function=version.function.code, category=version.category)


def require(mandate: Mandate, by: User, act: str, version: FunctionVersion) -> None:
    """The mandate is in force and allows it. Raises identity.mandates.errors.NotUsable, which is logged."""
    if act not in mandate.acts:
        flows.refuse_use("outside_act", by, mandate)
    if not mandate.covers(version.function.code, version.category):
        flows.refuse_use("outside_function", by, mandate)


def hold(mandate: Mandate, by: User, version: FunctionVersion) -> Mandate:
    """Ask again, in the transaction of the submission: it cannot end before the call stands. Raises NotUsable."""
    return flows.use(
        mandate, by=by, act=act_to_send(version), function=version.function.code, category=version.category
    )


def level(acr: str, mandate: Mandate | None) -> str:
    """What is proved for a call: at a counter by the citizen, who was asked there; else by the session itself."""
    if mandate is None or not mandate.is_assisted or mandate.principal_person is None:
        return acr
    return min(mandate.principal_person.assurance, User.Assurance.BASIC, key=User.Assurance.values.index)


def label(mandate: Mandate | None) -> str:
    """`X for Y`, with both names in the active language; empty for a call that a person made for themselves."""
    if mandate is None:
        return ""
    said = {"agent": names.agent_of(mandate), "principal": names.principal_of(mandate)}
    if mandate.is_assisted:
        said["department"] = pick(mandate.department_names)
        return _("Officer %(agent)s of %(department)s assisted %(principal)s") % said
    return _("%(agent)s for %(principal)s") % said


def ground(mandate: Mandate | None) -> str:
    """On which a call's data leaves, for the disclosure log: no names, which stand in its journal."""
    if mandate is None:
        return ""
    return f"{ASSISTED if mandate.is_assisted else 'mandate'} {mandate.pk}"


def described(call: ServiceCall) -> Json | None:
    """For a department's own system (mapping variable `actor`) and for proofs; None where nobody acted for another."""
    mandate = call.mandate
    return None if mandate is None else of_mandate(mandate)


def of_mandate(mandate: Mandate) -> Json:
    organisation = mandate.principal_organisation
    return {
        "name": mandate.names["agent"],
        "kind": "officer" if mandate.is_assisted else "agent",
        "department": mandate.department or None,
        "mandate": str(mandate.pk),
        "for": {
            "name": mandate.names["principal"],
            "kind": "person" if organisation is None else "organisation",
            "registrationNumber": organisation.registration_number if organisation else None,
        },
    }
