"""Test log-ins: a client's registration is tried as it stands, before anybody approves it.

Each runs with a copy of the registration that comes back to the desk and nowhere else, and that is gone afterwards.
"""

import secrets
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from identity.accounts.models import User
from identity.provider import registration
from identity.provider.models import Client
from services.registry import clients

LASTS = timedelta(hours=1)
MOST_AT_ONCE = 20  # of one department


@transaction.atomic
def start(client: Client, *, callback: str, by: User) -> Client:
    """The copy that a test log-in runs with. `callback` is the desk's own address."""
    made = Client.objects.get(pk=client.pk)
    made.pk, made._state.adding = uuid.uuid4(), True
    made.client_id, made.state = f"{clients.base_of(client)}~try-{secrets.token_hex(6)}", Client.State.TRIAL
    made.kind, made.token_endpoint_auth_method = Client.Kind.CONFIDENTIAL, Client.AuthMethod.POST
    made.jwks, made.jwks_uri, made.secret_digest = None, "", ""
    made.redirect_uris, made.post_logout_redirect_uris, made.backchannel_logout_uri = [callback], [], ""
    made.require_pushed_authorization_requests = made.dpop_bound_access_tokens = False
    made.least_acr = Client.Acr.NONE  # an officer's own account may be one whose identity nobody verified
    made.created_by, made.approved_by, made.approved_at = by, None, None
    made.save(force_insert=True)
    for old in _of(client.department).order_by("-created_at")[MOST_AT_ONCE:]:
        clients.remove(old)
    clients.note_tried(client, by=by)
    return made


def find(client_id: str) -> Client | None:
    """The copy of that name while it lasts."""
    return Client.objects.filter(client_id=client_id, state=Client.State.TRIAL).first()


def new_secret(trial: Client) -> str:
    """With which the desk proves itself, once: it is made when the code has come back."""
    secret, trial.secret_digest = registration.new_secret()
    trial.save(update_fields=["secret_digest"])
    return secret


@transaction.atomic
def end(trial: Client) -> None:
    """Nothing is left of it."""
    clients.remove(trial)


def sweep(now: datetime) -> int:
    """End those that nobody came back from; how many."""
    over = list(Client.objects.filter(state=Client.State.TRIAL, created_at__lt=now - LASTS))
    for trial in over:
        end(trial)
    return len(over)


def _of(department: str) -> QuerySet[Client]:
    return Client.objects.filter(state=Client.State.TRIAL, department=department)
