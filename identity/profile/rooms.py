"""What the rooms of identity give to a person who takes their data along, and what becomes of it with the account."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from identity.accounts import closing, export
from identity.accounts.closing import Kept
from identity.accounts.export import Fact, Record
from identity.accounts.models import Recovery, SignIn, SignInTicket, User
from identity.consent import flows as consents
from identity.consent.models import Consent, Disclosure, Question
from identity.mandates import flows as mandates
from identity.mandates.models import Mandate
from identity.profile import ending
from identity.profile.models import CorrectionRequest, ProfileField
from identity.provider import tokens
from identity.provider.models import TokenFamily


def register() -> None:
    """Called once, when everything is loaded."""
    export.register("account", account, title=gettext_lazy("Your account"))
    export.register("profile", profile, title=gettext_lazy("My data"))
    export.register("corrections", corrections, title=gettext_lazy("What you reported as wrong"))
    export.register("disclosures", disclosures, title=gettext_lazy("Who has seen my data"))
    export.register("questions", questions, title=gettext_lazy("What you asked about it"))
    export.register("consents", given, title=gettext_lazy("What you allowed"))
    export.register("mandates", held, title=gettext_lazy("Acting for others"))
    export.register("sign_ins", sign_ins, title=gettext_lazy("When you signed in"))
    closing.register(
        "identity",
        erase=erase,
        erased=[
            gettext_lazy("Your log-in: name, password, passkeys, codes, and every place where you are signed in"),
            gettext_lazy("Everything under “My data”, and the history of your sign-ins"),
            gettext_lazy("What you allowed, and the right to act for others or they for you: they end"),
        ],
        kept=kept,
    )


# --- Taking it along ------------------------------------------------------------------------------
def account(person: User) -> Iterator[Record]:
    yield [
        Fact("id", _("Your number within Ferry"), str(person.pk)),
        Fact("username", _("User name"), person.username),
        Fact("name", _("Name"), person.get_full_name()),
        Fact("email", _("Email address"), person.email),
        Fact("kind", _("Kind of account"), person.kind, person.get_kind_display()),
        Fact("assurance", _("How far we know you"), person.assurance, person.get_assurance_display()),
        Fact("joined_at", _("Since"), person.date_joined.isoformat()),
    ]


def profile(person: User) -> Iterator[Record]:
    for field in ProfileField.objects.filter(person=person).order_by("name"):
        yield [
            Fact("name", _("Field"), field.name, field.get_name_display()),
            Fact("value", _("Value"), field.value, _plain(field.value)),
            Fact("source", _("Source"), field.source, field.get_source_display()),
            Fact("checked_on", _("Checked on"), field.checked_on.isoformat()),
            Fact("law", _("Law"), field.law, field.get_law_display() if field.law else ""),
        ]


def _plain(value: Any) -> str:
    return ", ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


def corrections(person: User) -> Iterator[Record]:
    for each in CorrectionRequest.objects.of(person):
        yield [
            Fact("ticket", _("Ticket number"), each.ticket),
            Fact("name", _("Field"), each.name, each.get_name_display()),
            Fact("value", _("Value"), each.value, _plain(each.value) if each.value is not None else ""),
            Fact("remark", _("What you said"), each.remark),
            Fact("state", _("State"), each.state, each.get_state_display()),
            Fact("answer", _("The answer"), each.answer),
            Fact("asked_at", _("When"), each.asked_at.isoformat()),
        ]


def disclosures(person: User) -> Iterator[Record]:
    for line in Disclosure.objects.of(person).visible().iterator(chunk_size=1_000):
        yield [
            Fact("at", _("When"), line.at.isoformat()),
            Fact("kind", _("How"), line.kind, line.get_kind_display()),
            Fact("recipient", _("Who"), line.recipient_names, _in_language(line.recipient_names)),
            Fact("purpose", _("Why"), line.purpose_names, _in_language(line.purpose_names)),
            Fact("fields", _("What"), line.fields, ", ".join(line.fields)),
            Fact("ground", _("On what ground"), line.ground),
            Fact("reference", _("Number"), line.reference),
        ]


def _in_language(names: dict[str, str]) -> str:
    return names.get(get_language() or "en") or next(iter(names.values()), "")


def questions(person: User) -> Iterator[Record]:
    for each in Question.objects.filter(person=person).order_by("-asked_at"):
        yield [
            Fact("text", _("What you asked"), each.text),
            Fact("asked_at", _("When"), each.asked_at.isoformat()),
            Fact("answer", _("The answer"), each.answer),
            Fact("answered_at", _("Answered"), each.answered_at and each.answered_at.isoformat()),
        ]


def given(person: User) -> Iterator[Record]:
    for each in Consent.objects.of(person):
        yield [
            Fact("recipient", _("Who"), each.recipient_names or each.recipient, _in_language(each.recipient_names)),
            Fact("purpose", _("Why"), each.purpose_names or each.purpose, _in_language(each.purpose_names)),
            Fact("fields", _("What"), each.fields, ", ".join(each.fields)),
            Fact("given_at", _("Since"), each.given_at.isoformat()),
            Fact("until", _("Until"), each.until and each.until.isoformat()),
            Fact("ended_at", _("Ended"), each.ended_at and each.ended_at.isoformat()),
        ]


def held(person: User) -> Iterator[Record]:
    for each in _sides(person).order_by("-asked_at"):
        yield [
            Fact("reference", _("Number"), each.reference),
            Fact("names", _("Who acts for whom"), each.names),
            Fact("kind", _("For whom"), each.kind, each.get_kind_display()),
            Fact("acts", _("What"), each.acts, ", ".join(each.acts)),
            Fact("state", _("State"), each.state, each.get_state_display()),
            Fact("valid_until", _("Until"), each.valid_until.isoformat()),
        ]


def sign_ins(person: User) -> Iterator[Record]:
    for each in SignIn.objects.filter(person=person).order_by("-at"):
        yield [
            Fact("at", _("When"), each.at.isoformat()),
            Fact("outcome", _("What happened"), each.outcome, each.get_outcome_display()),
            Fact("amr", _("How"), each.amr, ", ".join(each.amr)),
            Fact("user_agent", _("Device"), each.user_agent),
            Fact("network", _("Network"), each.network),
        ]


# --- The end of an account --------------------------------------------------------------------------
def erase(person: User) -> None:
    """Of all of identity's rooms. The disclosure log stays as it is: it never held more than the person's key."""
    for mandate in _sides(person).filter(state__in=Mandate.OPEN):
        mandates.end(mandate, by=person)
    for consent in Consent.objects.filter(person=person, ended_at=None):
        consents.withdraw(consent)
    for family in TokenFamily.objects.filter(person=person, revoked_at=None):
        tokens.revoke(family)
    Question.objects.filter(person=person).update(text="")
    for kind in (SignIn, SignInTicket, Recovery):
        kind.objects.filter(person=person).delete()
    ending.erase_profile(person)


def _sides(person: User) -> Any:
    return Mandate.objects.filter(Q(agent=person) | Q(principal_person=person) | Q(asked_by=person)).distinct()


def kept(person: User) -> Iterator[Kept]:
    """What outlives the account, as it stands today."""
    if Disclosure.objects.of(person).exists():
        yield Kept(
            _("The log of who got your data, under a number that leads to nobody any more"),
            _("So that departments cannot deny what they got. Lines are chained: none can be taken out."),
            _("for good"),
        )
    if _sides(person).filter(accepted_at__isnull=False).exists():
        yield Kept(
            _("That you acted for others, or they for you, with both names"),
            _("The other side must be able to show by what right something was done."),
            _("as long as the other side has an account"),
        )
    if CorrectionRequest.objects.of(person).exists():
        yield Kept(
            _("That you reported something as wrong, without what it was"),
            _("So that the department's answer stays countable."),
            _("for good"),
        )
