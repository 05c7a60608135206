"""Verbs of a department's clients (the sites that sign people in through us): who may, four eyes, and the record.

What is live never changes under people's hands: a change is a draft beside it, tried and approved like a new one.
"""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.provider import consents, registration, soundness
from identity.provider.models import LANGUAGES, Client, TokenFamily
from services.registry import errors, record, simplified
from services.registry.flows import is_officer
from services.registry.models import Change, Department

CONTENT = (
    *(f"{kind}_{language}" for kind in ("name", "purpose") for language in LANGUAGES),
    "kind", "token_endpoint_auth_method", "jwks", "jwks_uri", "redirect_uris", "post_logout_redirect_uris", "scopes",
    "grant_types", "sector_identifier", "backchannel_logout_uri", "backchannel_logout_session_required",
    "id_token_signed_response_alg", "require_pushed_authorization_requests", "dpop_bound_access_tokens", "least_acr",
    "consent_days",
)  # fmt: skip
NEXT = "~next"  # ends the client_id of a draft that changes a live client
_AUTHORED = ("client.drafted", "client.change_started", "client.changed", "client.submitted")
STATE = Client.State


def visible_to(user: User) -> Any:
    """Clients of the officer's own departments; all for whoever may see all departments."""
    clients = Client.objects.exclude(state=STATE.TRIAL).order_by("department", "name_en")
    if user.is_superuser or user.has_perm("registry.see_all_departments"):
        return clients
    return clients.filter(department__in=_codes_of(user))


def _codes_of(user: User) -> list[str]:
    return list(Department.objects.filter(memberships__user=user).values_list("code", flat=True))


def may_act(user: User, client: Client) -> bool:
    """Officers of its department."""
    return is_officer(user, _department(client).pk)


def may_decide(user: User, client: Client) -> bool:
    """A second officer: nobody whose work is in what waits."""
    return client.state == STATE.REVIEW and may_act(user, client) and user.pk not in _authors(client)


def to_decide(user: User) -> list[Client]:
    """Those that wait for this officer."""
    waiting = Client.objects.filter(state=STATE.REVIEW, department__in=_codes_of(user)).order_by(
        "department", "name_en"
    )
    return [client for client in waiting if may_decide(user, client)]


def base_of(client: Client) -> str:
    """The client_id that it has, or will have once it is approved."""
    return client.client_id.removesuffix(NEXT)


def live_of(client: Client) -> Client | None:
    """The live client that a draft changes."""
    return Client.objects.filter(client_id=base_of(client)).first() if client.client_id.endswith(NEXT) else None


def changed_fields(client: Client) -> dict[str, tuple[Any, Any]]:
    """What a draft changes of its live client: each field before and after."""
    live = live_of(client)
    pairs = {name: (getattr(live, name), getattr(client, name)) for name in CONTENT} if live else {}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def history(client: Client) -> Any:
    """Its lines in the record of changes, newest first."""
    return Change.objects.filter(subject=base_of(client), verb__startswith="client.").select_related("actor")


@transaction.atomic
def draft(*, by: User, department: Department, values: Mapping[str, Any]) -> Client:
    """A client that nobody can sign in with yet. Raises NotAllowed."""
    if not is_officer(by, department.pk):
        raise errors.NotAllowed
    client = Client(
        client_id=f"{department.code}-{secrets.token_hex(8)}", department=department.code, created_by=by,
        department_name_en=department.name_en, department_name_zh_hant=department.name_zh_hant,
        department_name_zh_hans=department.name_zh_hans or simplified.simplify(department.name_zh_hant),
    )  # fmt: skip
    _put(client, values)
    client.save(force_insert=True)
    _note("drafted", client, by)
    return client


@transaction.atomic
def start_change(client: Client, *, by: User) -> Client:
    """A draft beside a live client, which goes on as it is. An open one is given back. Raises NotAllowed, NotOpen."""
    client = _locked(client, by, STATE.LIVE, STATE.SUSPENDED)
    found = Client.objects.filter(client_id=f"{client.client_id}{NEXT}").first()
    if found is not None:
        return found
    made = Client.objects.get(pk=client.pk)
    made.pk, made._state.adding = uuid.uuid4(), True
    made.client_id, made.state, made.secret_digest = f"{client.client_id}{NEXT}", STATE.DRAFT, ""
    made.created_by, made.approved_by, made.approved_at = by, None, None
    made.save(force_insert=True)
    _note("change_started", made, by)
    return made


@transaction.atomic
def save(client: Client, values: Mapping[str, Any], *, by: User) -> Client:
    """Change what a draft says. Raises NotAllowed, NotOpen."""
    client = _locked(client, by, STATE.DRAFT)
    before = {name: getattr(client, name) for name in CONTENT}
    _put(client, values)
    client.created_by = by  # the one who answers for what stands here now
    client.save()
    changed = {name: [before[name], getattr(client, name)] for name in CONTENT if before[name] != getattr(client, name)}
    if changed:
        _note("changed", client, by, changed=changed)
    return client


def _put(client: Client, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in CONTENT:
            raise ValueError(name)
        setattr(client, name, value)
    for kind in ("name", "purpose"):
        simple = f"{kind}_zh_hans"
        setattr(client, simple, getattr(client, simple) or simplified.simplify(getattr(client, f"{kind}_zh_hant")))


@transaction.atomic
def submit(client: Client, *, by: User) -> Client:
    """Ask a second officer. Raises NotAllowed, NotOpen, or Incomplete with all that is wrong."""
    client = _locked(client, by, STATE.DRAFT)
    if missing := soundness.problems(client):
        raise errors.Incomplete(missing)
    return _move(client, STATE.REVIEW, "submitted", by)


@transaction.atomic
def withdraw(client: Client, *, by: User) -> Client:
    """Take it out of review, to change it. Raises NotAllowed, NotOpen."""
    return _move(_locked(client, by, STATE.REVIEW), STATE.DRAFT, "withdrawn", by)


@transaction.atomic
def refuse(client: Client, *, by: User, note: str) -> Client:
    """Send it back with a reason. Raises NotAllowed, NotOpen, Incomplete."""
    client = _to_decide(client, by)
    if not note.strip():
        raise errors.Incomplete([_("the reason, so that the author can put it right")])
    return _move(client, STATE.DRAFT, "refused", by, note=note.strip()[:500])


@transaction.atomic
def approve(client: Client, *, by: User) -> Client:
    """Let it go live, or let its change take effect; what is live now is returned. Raises NotAllowed, NotOpen."""
    client = _to_decide(client, by)
    if missing := soundness.problems(client):
        raise errors.Incomplete(missing)
    live = live_of(client)
    if live is not None:
        live = Client.objects.select_for_update(of=("self",)).get(pk=live.pk)
        for name in CONTENT:
            setattr(live, name, getattr(client, name))
        if not live.token_endpoint_auth_method.startswith("client_secret"):
            live.secret_digest = ""
        live.created_by_id = client.created_by_id
        remove(client)
        client = live
    client.state = STATE.SUSPENDED if client.state == STATE.SUSPENDED else STATE.LIVE
    client.approved_by, client.approved_at = by, timezone.now()
    client.save()
    _note("approved", client, by)
    return client


@transaction.atomic
def discard(client: Client, *, by: User) -> None:
    """Throw a draft away that was never live. Raises NotAllowed, NotOpen."""
    client = _locked(client, by, STATE.DRAFT)
    _note("discarded", client, by)
    remove(client)


def remove(client: Client) -> None:
    """Take away one that was never live, with what test log-ins left of it."""
    TokenFamily.objects.filter(client=client).delete()  # of test log-ins
    consents.end_all(client)
    client.delete()


def secret_mark(client: Client) -> str:
    """Tells one secret from the next, and nothing about either."""
    return hashlib.sha256(client.secret_digest.encode()).hexdigest()[:16] if client.secret_digest else ""


@transaction.atomic
def rotate_secret(client: Client, *, by: User, instead_of: str = "") -> str:
    """A new secret, to be shown once; the old one is worth nothing from now.

    `instead_of` is the secret_mark() of the one that the person saw: a page loaded again or a second press never
    throws away the secret that was just shown. Raises NotAllowed, NotOpen.
    """
    client = _locked(client, by, STATE.LIVE)
    if instead_of != secret_mark(client):
        raise errors.NotOpen(_("A new secret was made already. If nobody wrote it down, make another one below."))
    if not client.token_endpoint_auth_method.startswith("client_secret"):
        raise errors.NotOpen(_("This client does not prove itself with a secret."))
    secret, client.secret_digest = registration.new_secret()
    client.save(update_fields=["secret_digest"])
    _note("secret_rotated", client, by)
    return secret


@transaction.atomic
def suspend(client: Client, *, by: User, note: str) -> Client:
    """Stop it at once: nobody signs in with it and its tokens are worth nothing. Raises NotAllowed, NotOpen."""
    client = _locked(client, by, STATE.LIVE)
    if not note.strip():
        raise errors.Incomplete([_("the reason")])
    TokenFamily.objects.filter(client=client, revoked_at=None).update(revoked_at=timezone.now())
    return _move(client, STATE.SUSPENDED, "suspended", by, note=note.strip()[:500])


@transaction.atomic
def resume(client: Client, *, by: User) -> Client:
    """Let people sign in with it again. Raises NotAllowed, NotOpen."""
    return _move(_locked(client, by, STATE.SUSPENDED), STATE.LIVE, "resumed", by)


def _locked(client: Client, by: User, *states: str) -> Client:
    client = Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
    if not may_act(by, client):
        raise errors.NotAllowed
    if client.state not in states:
        raise errors.NotOpen(_("This client is “%(state)s”, so that cannot be done now.") % {
            "state": client.get_state_display()
        })  # fmt: skip
    return client


def _to_decide(client: Client, by: User) -> Client:
    client = _locked(client, by, STATE.REVIEW)
    if by.pk in _authors(client):
        raise errors.NotAllowed(_("Someone else has to decide on this client, because it is your own work."))
    return client


def _authors(client: Client) -> set[Any]:
    """Whose work stands in it since it was last approved."""
    lines = history(client)
    last = lines.filter(verb="client.approved").order_by("-pk").first()
    since = lines.filter(pk__gt=last.pk) if last else lines
    return {client.created_by_id, *since.filter(verb__in=_AUTHORED).values_list("actor_id", flat=True)}


def _move(client: Client, state: str, verb: str, by: User, **details: Any) -> Client:
    client.state = state
    client.save(update_fields=["state"])
    _note(verb, client, by, **details)
    return client


def _department(client: Client) -> Department:
    return Department.objects.get(code=client.department)


def note_tried(client: Client, *, by: User) -> None:
    """A test log-in was begun."""
    _note("tried", client, by)


def _note(verb: str, client: Client, by: User, **details: Any) -> None:
    record.of_row(f"client.{verb}", base_of(client), department=_department(client), by=by, details=details)
