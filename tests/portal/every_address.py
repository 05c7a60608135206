"""Other people's objects for each address: a citizen's, and those of one department."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from identity.accounts.models import Recovery, SignIn, User
from identity.consent import asking
from identity.consent import flows as consents
from identity.mandates import assisting
from identity.profile import corrections, exporting
from identity.profile import flows as profile
from identity.upstream.models import Transaction
from services.consolidation.models import Blocker
from services.registry import clients, roles
from services.registry.models import Maintenance, ServiceFunction
from tests.factories import (
    BackendFactory,
    DepartmentFactory,
    LegacyAppFactory,
    OfficerFactory,
    OperatorFactory,
    ServiceFunctionFactory,
    UserFactory,
    form_for,
)
from tests.identity.accounts.signing_in import sign_in
from tests.identity.consent.lines import note
from tests.identity.provider.clients import words
from tests.mandates import accepted
from tests.portal.web.doing.conftest import send

CODE = "immd"  # a department that vouches for names, so that its officers answer corrections
NAME, MARK = "ZEPHYRINE Tai Man", "QX4711"  # of the citizen, and of what they sent
ROLES = ("nobody", "citizen", "another", "officer", "approver", "stranger", "ops")


@dataclass
class Scene:
    """A citizen who has everything, the department that it concerns, and everybody who has no business with it."""

    people: dict[str, User] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)  # of an address's parts: "beginning of the address name"

    def address(self, pattern: str) -> str:
        """The pattern with a real object in each of its places."""

        def fill(found: re.Match[str]) -> str:
            fits = [
                key for key in self.values if pattern.startswith(key.partition(" ")[0]) and key.endswith(f" {found[2]}")
            ]
            return str(self.values[max(fits, key=len)])

        return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", fill, pattern)


def build() -> Scene:
    scene = Scene()
    td = DepartmentFactory(code=CODE)
    officer, approver = OfficerFactory(department=td), OfficerFactory(department=td)
    officer.groups.add(roles.ensure_counter())
    citizen = UserFactory(username="chan")
    scene.people = {
        "citizen": citizen, "another": UserFactory(), "officer": officer, "approver": approver,
        "stranger": OfficerFactory(), "ops": OperatorFactory(),
    }  # fmt: skip
    for name, value in {"name_en": NAME, "hkid": "A123456(3)"}.items():
        profile.store(citizen, name, value, source=CODE, checked_on=date(2025, 3, 12))
    scene.browsers = {role: sign_in(person) for role, person in scene.people.items()} | {"nobody": Client()}
    _of_the_department(scene, td)
    _of_the_citizen(scene, citizen)
    return scene


def _of_the_department(scene: Scene, td: Any) -> None:
    officer = scene.people["officer"]
    backend = BackendFactory(department=td)
    form = form_for("mark:vehicle_mark", action="renew")
    function = ServiceFunctionFactory(
        department=td, code="td-note", version__backend=backend, version__form=form, version__action="renew"
    )
    client = clients.draft(by=officer, department=td, values=words(sector_identifier=CODE))
    now = timezone.now()
    reasons = {f"reason_{language}": "Repair" for language in ("en", "zh_hant", "zh_hans")}
    maintenance = Maintenance.objects.create(
        backend=backend, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), **reasons
    )
    app = LegacyAppFactory(code="old-app", department=td)
    blocker = Blocker.objects.create(app=app, what="x", owner="y", opened_by=officer)
    scene.values |= {
        "admin/functions/ code": function.code, " code": function.code, "admin/ number": 1,
        "admin/ client_id": client.client_id, "control/backends/ code": backend.code,
        "admin/clients/try/ ticket": "forged", "admin/systems/ code": backend.code, "admin/systems/ pk": maintenance.pk,
        "control/maintenances/ pk": maintenance.pk, "control/apps/ code": app.code,
        "control/blockers/ pk": blocker.pk, "control/replays/ pk": 1, "control/days/ day": "2026-03-03",
        "en/departments/ code": CODE, "api/v1/hooks/ backend": backend.code, "accounts/oidc/ provider_id": "none",
    }  # fmt: skip


def _of_the_citizen(scene: Scene, citizen: User) -> None:
    browser, officer = scene.browsers["citizen"], scene.people["officer"]
    call = send(browser, ServiceFunction.objects.get(code="td-note"), mark=MARK, applicant_name=NAME)
    asked = asking.ask(note(citizen, recipient=CODE), by=citizen, text="What for?", now=timezone.now())
    names: dict[str, Any] = {"recipient_names": {"en": "TD"}, "purpose_names": {"en": "Records"}}
    consent = consents.give(citizen, recipient=CODE, purpose="td-site", fields=["phone"], wording={}, **names)
    assisted, *_ = assisting.begin(
        by=officer,
        address="chan",
        department=CODE,
        department_names={"en": "TD"},
        functions=["td-note"],
        method="phone",
    )
    key = Authenticator.objects.create(user=UserFactory(), type="webauthn", data={"name": "Key"})
    scene.values |= {
        " receipt": call.receipt, "en/account/disclosures/ digest": note(citizen, recipient=CODE).hash,
        "en/account/consents/ key": consent.pk, "admin/whys/ key": asked.pk,
        "en/account/mandates/ pk": accepted(citizen, UserFactory()).pk, "en/account/counter/ pk": assisted.pk,
        "en/account/mandates/<uuid:pk>/approve/ pk": assisted.pk,
        "en/account/devices/notice/ pk": SignIn.objects.filter(person=citizen).latest("at").pk,
        "en/account/security/recovery/ pk": _recovery(citizen).pk, "en/account/not-me/ token": "forged",
        "en/account/phone/ token": "forged", "en/account/rights/export/ pk": exporting.ask(citizen, language="en").pk,
        " ticket": corrections.report(citizen, "name_en").ticket, "en/account/corrections/ name": "hkid",
        "en/recovery/ secret": "forged", "en/identity-app/ key": _transaction(citizen).pk, "accounts/ pk": key.pk,
        "en/functions/ key": uuid4(),
    }  # fmt: skip
    scene.values["admin/clients/try/ ticket"] = "forged"


def _recovery(person: User) -> Recovery:
    now = timezone.now()
    return Recovery.objects.create(
        person=person, kind="email", secret_digest=uuid4().hex * 2, created_at=now, valid_from=now,
        valid_until=now + timedelta(days=1),
    )  # fmt: skip


def _transaction(person: User) -> Transaction:
    return Transaction.objects.create(
        kind="profile",
        person=person,
        state_digest=uuid4().hex * 2,
        asked={"state": "x", "ticket": "x"},
        expires_at=timezone.now() + timedelta(hours=1),
    )
