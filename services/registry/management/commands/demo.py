"""`manage.py demo`: the demonstration's people, two sites they sign in to, two filing periods. Can be run again."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.mandates import flows as mandates
from identity.mandates.models import Mandate
from identity.profile import flows as profile
from identity.profile.models import ProfileField
from services.registry import demonstration_clients, publication, roles
from services.registry.models import Department, FilingPeriod, Membership, ServiceFunction
from services.registry.windows import HONG_KONG

DEPARTMENT = "td"
PEOPLE: dict[str, dict[str, Any]] = {  # username -> the rest; the password is `ferry-<username>`
    "citizen": {"first_name": "CHAN Tai Man", "email": "chan.taiman@example.hk", "assurance": "basic"},
    "mother": {"first_name": "LEUNG Mei Ling", "email": "leung.meiling@example.hk", "assurance": "basic"},
    "officer": {"first_name": "Wing Yan", "last_name": "Lee", "email": "officer@td.example.hk", "is_staff": True},
    "approver": {"first_name": "Ka Ho", "last_name": "Wong", "email": "approver@td.example.hk", "is_staff": True},
    "ops": {"first_name": "Siu Fong", "last_name": "Cheung", "email": "ops@ferry.example.hk", "is_staff": True},
}
IMMIGRATION, PERSON = ProfileField.Source.IMMIGRATION, ProfileField.Source.PERSON
PROFILE: dict[str, tuple[Any, str, date]] = {  # field -> value, who says so, when it was checked
    "name_en": ("CHAN Tai Man", IMMIGRATION, date(2025, 3, 12)),
    "name_zh": ("陳大文", IMMIGRATION, date(2025, 3, 12)),
    "hkid": ("A123456(3)", IMMIGRATION, date(2025, 3, 12)),
    "date_of_birth": ("1988-06-15", IMMIGRATION, date(2025, 3, 12)),
    "sex": ("M", IMMIGRATION, date(2025, 3, 12)),
    "phone": ("+85291234567", PERSON, date(2026, 1, 20)),
    "email": ("chan.taiman@example.hk", PERSON, date(2026, 1, 20)),
    "residential_address": (
        {"line_1": "Flat B, 12/F, Sunrise House", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"},
        PERSON,
        date(2026, 1, 20),
    ),
    "bank_account": ({"bank": "004", "account": "123456789"}, PERSON, date(2026, 1, 20)),
    "address": (
        {"line_1": "Flat B, 12/F, Sunrise House", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"},
        PERSON,
        date(2026, 1, 20),
    ),
}
MOTHERS_PROFILE: dict[str, tuple[Any, str, date]] = {
    "name_en": ("LEUNG Mei Ling", IMMIGRATION, date(2025, 3, 12)),
    "name_zh": ("梁美玲", IMMIGRATION, date(2025, 3, 12)),
    "hkid": ("C123456(9)", IMMIGRATION, date(2025, 3, 12)),
    "date_of_birth": ("1957-02-03", IMMIGRATION, date(2025, 3, 12)),
    "phone": ("+85293456789", PERSON, date(2026, 1, 20)),
    "email": ("leung.meiling@example.hk", PERSON, date(2026, 1, 20)),
    "address": (
        {"line_1": "Room 804, Block 3", "line_2": "Harbour View Estate", "district": "eastern"},
        PERSON,
        date(2026, 1, 20),
    ),
}
PROFILES = {"citizen": PROFILE, "mother": MOTHERS_PROFILE}
FILED_UNTIL = {  # functions of the demonstration with a filing period: code -> its rule
    "ird-holdover": FilingPeriod.Rule.STOP_THE_CLOCK,
    "td-mark-auction": FilingPeriod.Rule.EXTEND,
}


class Command(BaseCommand):
    help = "Create the demonstration's citizens, officers and operator. For demonstrations only."
    requires_system_checks: list[str] = []

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        department = Department.objects.filter(code=DEPARTMENT).first()
        if department is None:
            raise CommandError(f"There is no department {DEPARTMENT} yet: run load_catalogue first.")
        people = {username: _person(username, facts) for username, facts in PEOPLE.items()}
        officers, operations = roles.ensure()
        counter = roles.ensure_counter()
        for username in ("officer", "approver"):
            people[username].groups.set([officers, counter])
            Membership.objects.get_or_create(user=people[username], department=department)
        people["officer"].user_permissions.set(Permission.objects.filter(codename="issue_recovery_slip"))
        people["ops"].groups.set([operations])
        for username, facts in PROFILES.items():
            known = profile.read(people[username])
            for name, (value, source, checked_on) in facts.items():
                if name not in known:
                    profile.store(people[username], name, value, source=source, checked_on=checked_on)
        _let_act(people["citizen"], people["mother"])
        _file_until(timezone.now())
        for client_id, values in demonstration_clients.CLIENTS.items():
            if Department.objects.filter(code=values["department"]).exists():
                _, secret = demonstration_clients.ensure(client_id, values)
                if secret and not settings.DEMO_CLIENT_SECRET:
                    self.stdout.write(f"The site {client_id} signs in with the secret {secret} (shown once).")
        self.stdout.write(f"Demonstration log-ins are ready: {', '.join(people)}.")


def _let_act(agent: User, principal: User) -> None:
    """The citizen may act for their mother, for half a year; again once that is over."""
    if Mandate.objects.in_force(timezone.now()).filter(agent=agent, principal_person=principal).exists():
        return
    for open_ask in Mandate.objects.filter(agent=agent, principal_person=principal, state=Mandate.State.ASKED):
        mandates.end(open_ask, by=principal)
    limits = mandates.Limits(("read", "prepare", "submit"), timezone.now() + timedelta(days=180))
    asked = mandates.ask(by=agent, kind=Mandate.Kind.PARENT, limits=limits, address=principal.username)
    mandates.accept(asked, by=principal)


def _file_until(now: datetime) -> None:
    """A period for each of FILED_UNTIL that has none still to come: four weeks from now, at six in the evening."""
    closes_at = (now.astimezone(HONG_KONG) + timedelta(weeks=4)).replace(hour=18, minute=0, second=0, microsecond=0)
    without = ServiceFunction.objects.filter(code__in=FILED_UNTIL).exclude(filing_periods__closes_at__gt=now)
    periods = [
        FilingPeriod(function=each, opens_at=now - timedelta(days=1), closes_at=closes_at, rule=FILED_UNTIL[each.code])
        for each in without
    ]
    FilingPeriod.objects.bulk_create(periods)
    publication.announce(each.function_id for each in periods)


def _person(username: str, facts: dict[str, Any]) -> User:
    """The person with their password, which is hashed only if it is not theirs already."""
    person = User.objects.filter(username=username).first() or User(username=username)
    for name, value in ({"is_staff": False, "is_superuser": False, "is_active": True} | facts).items():
        setattr(person, name, value)
    password = f"ferry-{username}"
    if person._state.adding or not person.check_password(password):
        person.set_password(password)
    person.save()
    return person
