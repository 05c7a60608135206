"""Telling departments that somebody signed out (OpenID Connect Back-Channel Logout 1.0).

The rows of LogoutDelivery are the truth: written in the transaction that ends the session, delivered by a worker, tried
again with growing pauses, and found by a sweeper if a worker or the broker is lost on the way.
signing_out.py writes them.
"""

import time
import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from joserfc import jwt

from identity import statements
from identity.provider import keys, outbound
from identity.provider.issuer import issuer
from identity.provider.models import LogoutDelivery
from identity.security import logger

EVENT = "http://schemas.openid.net/event/backchannel-logout"  # section 2.4
TOKEN_SECONDS = 120  # section 2.4: preferably at most two minutes
FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 3600
MOST_ATTEMPTS = 30  # about a day
SWEPT_AT_ONCE = 500
DELIVERED = {200, 204}  # section 2.8: some frameworks make 204 of an empty 200

_CLAIM = """
    UPDATE provider_logoutdelivery SET attempts = attempts + 1, next_attempt_at = %s
    WHERE id = %s AND delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= %s
    RETURNING attempts"""


def waiting(now: datetime) -> list[UUID]:
    """Deliveries that are due, whoever has forgotten them."""
    rows = LogoutDelivery.objects.filter(delivered_at=None, given_up_at=None, next_attempt_at__lte=now)
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE])


def deliver(delivery_id: UUID) -> bool:
    """Try once, if it is due and nobody else does; whether it is delivered now.

    Its next attempt is set before this one begins: should this worker die, the sweeper takes it up then.
    """
    now = timezone.now()
    row = statements.first_row(_CLAIM, [now + _pause(delivery_id), delivery_id, now])
    if row is None:
        return False
    delivery = LogoutDelivery.objects.select_related("client").get(pk=delivery_id)
    status, reason = _send(delivery)
    client, attempt = delivery.client.client_id, delivery.attempts
    if status in DELIVERED:
        LogoutDelivery.objects.filter(pk=delivery_id).update(delivered_at=timezone.now(), last_status=status)
        logger.info("logout_delivered", client=client, attempt=attempt, status=status)
        return True
    is_last = attempt >= MOST_ATTEMPTS
    LogoutDelivery.objects.filter(pk=delivery_id).update(
        last_status=status, given_up_at=timezone.now() if is_last else None
    )
    if is_last:
        logger.error("logout_given_up", client=client, attempt=attempt, status=status, reason=reason)
    else:
        logger.warning("logout_not_delivered", client=client, attempt=attempt, status=status, reason=reason)
    return False


def _pause(delivery_id: UUID) -> timedelta:
    """Until the attempt after this one: doubled each time, so that a department in trouble is left in peace."""
    attempts = LogoutDelivery.objects.filter(pk=delivery_id).values_list("attempts", flat=True).first() or 0
    return timedelta(seconds=min(FIRST_PAUSE_SECONDS * 2 ** min(attempts, 20), LONGEST_PAUSE_SECONDS))


def _send(delivery: LogoutDelivery) -> tuple[int | None, str]:
    body = f"logout_token={token(delivery)}".encode()
    try:
        reply = outbound.post(
            delivery.client.backchannel_logout_uri, body, content_type="application/x-www-form-urlencoded"
        )
    except outbound.Unreachable as error:
        return None, error.reason
    return reply.status, ""


def token(delivery: LogoutDelivery) -> str:
    """A logout token for one attempt (section 2.4): typ logout+jwt, no nonce, a jti of its own."""
    client, now = delivery.client, int(time.time())
    alg = client.id_token_signed_response_alg
    kid, key = keys.current(alg)
    claims = {
        "iss": issuer(),
        "sub": delivery.sub,
        "aud": client.client_id,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": str(uuid.uuid4()),
        "events": {EVENT: {}},
    }
    if delivery.sid:
        claims["sid"] = delivery.sid
    return jwt.encode({"alg": alg, "kid": kid, "typ": "logout+jwt"}, claims, key, [alg])
