"""Whose calls a request may see: one's own, those that others made for one, and, acting, those the mandate allows."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.mandates import acting
from identity.mandates.models import Act, Mandate
from identity.security import logger, pseudonym
from services.gateway.models import ServiceCall, ServiceCallQuerySet


@dataclass(frozen=True)
class Reach:
    """Made by one of `callers`; or for this person, whoever did it, within the functions if any are named."""

    callers: list[str]
    person: UUID | None = None
    organisation: UUID | None = None
    own: str = ""  # calls that the principal made themselves, in sight of an agent who may read
    functions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def is_limited(self) -> bool:
        return bool(self.functions or self.categories)

    @property
    def may_withdraw_for(self) -> UUID | None:
        """The person, who may take back what others sent for them; an agent takes back only their own."""
        return None if self.own or self.organisation else self.person

    def may_withdraw(self, call: ServiceCall) -> bool:
        is_for_them = call.for_person_id is not None and call.for_person_id == self.may_withdraw_for
        return call.caller in self.callers or is_for_them

    def calls(self) -> ServiceCallQuerySet:
        """Of the database, in no order."""
        theirs = Q(for_person=self.person) if self.person else Q(pk__in=[])
        if self.organisation:
            theirs = Q(for_organisation=self.organisation)
        if self.own:
            theirs |= Q(caller=self.own)
        if self.is_limited:
            theirs &= Q(function__code__in=self.functions) | Q(version__category__in=self.categories)
        return ServiceCall.objects.filter(Q(caller__in=self.callers) | theirs)


def of(request: HttpRequest) -> Reach:
    """Raises identity.mandates.errors.NotUsable for a request that means to act under a mandate not in force."""
    mandate = acting.settled(request)
    callers = callers_of(request)
    if mandate is None:
        person = request.user
        return Reach(callers, person=person.pk if isinstance(person, User) else None)
    return _under(mandate, callers)


def _under(mandate: Mandate, callers: list[str]) -> Reach:
    if Act.READ not in mandate.acts:
        return Reach(callers)
    limits: dict[str, Any] = {"functions": tuple(mandate.functions), "categories": tuple(mandate.categories)}
    if mandate.principal_person_id is None:
        return Reach(callers, organisation=mandate.principal_organisation_id, **limits)
    principal = mandate.principal_person_id
    return Reach(callers, person=principal, own=f"user:{principal}", **limits)


def note_stranger(request: HttpRequest, receipt: str | None) -> None:
    """After a call was not found for whoever is signed in: if there is one, they reached for another's."""
    if isinstance(request.user, User) and ServiceCall.objects.filter(receipt=receipt).exists():
        logger.warning("call_of_another", call=receipt, person=pseudonym(request.user))
