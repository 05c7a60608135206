"""Authorization requests that wait with us: pushed by the client (RFC 9126), or while their person signs in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from identity import statements
from identity.provider import lifetimes
from identity.provider.models import Client, PushedRequest, digest
from identity.provider.tokens import new

PREFIX = "urn:ietf:params:oauth:request_uri:"

_REDEEM = """
    UPDATE provider_pushedrequest SET used_at = %s
    WHERE digest = %s AND client_id = %s AND kind = 'pushed' AND used_at IS NULL AND expires_at > %s RETURNING id"""


@dataclass(frozen=True)
class Waiting:
    """A request that was found good and waits for its person, under a name that only their browser was told."""

    handle: str
    parameters: dict[str, str]
    since: datetime
    chosen: str  # id of the person who was chosen on the page of accounts, or empty


def push(client: Client, parameters: dict[str, str]) -> str:
    """The request_uri under which the parameters wait."""
    return PREFIX + _keep(client, parameters, PushedRequest.Kind.PUSHED)


def redeem(request_uri: str, client: Client) -> dict[str, str] | None:
    """The parameters that this client pushed, once; None if they are not its, were taken, or waited too long."""
    now = timezone.now()
    name = digest(request_uri.removeprefix(PREFIX))
    row = statements.first_row(_REDEEM, [now, name, client.pk, now])
    return None if row is None else dict(PushedRequest.objects.get(pk=row[0]).parameters["asked"])


def wait(client: Client, parameters: dict[str, str]) -> str:
    """The handle under which a request waits for its person. It may be come back to as often as they need."""
    return _keep(client, parameters, PushedRequest.Kind.WAITING)


def waiting(handle: str) -> Waiting | None:
    """The request that waits under that name; None if it waited too long."""
    row = _waiting(handle)
    if row is None:
        return None
    return Waiting(handle, dict(row.parameters["asked"]), row.created_at, row.parameters.get("chosen", ""))


def choose(handle: str, person: str) -> None:
    """Note that this person was chosen for the request."""
    if row := _waiting(handle):
        row.parameters = {**row.parameters, "chosen": person}
        row.save(update_fields=["parameters"])


def _waiting(handle: str) -> PushedRequest | None:
    rows = PushedRequest.objects.filter(digest=digest(handle), kind=PushedRequest.Kind.WAITING)
    return rows.filter(expires_at__gt=timezone.now()).first()


def _keep(client: Client, parameters: dict[str, str], kind: PushedRequest.Kind) -> str:
    name, now = new(), timezone.now()
    lasts = lifetimes.PUSHED_REQUEST if kind == PushedRequest.Kind.PUSHED else lifetimes.WAITING_REQUEST
    kept: dict[str, Any] = {"asked": parameters}
    row = PushedRequest(
        digest=digest(name), client=client, kind=kind, parameters=kept, created_at=now, expires_at=now + lasts
    )
    statements.insert(row)
    return name
