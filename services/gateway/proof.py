"""The proof of a call: what was sent, every exchange about it and the answer, signed by the portal.

A JSON Web Signature in its flattened JSON form (RFC 7515 section 7.2.2) with Ed25519 (`EdDSA`, RFC 8037). Keys are
named by their thumbprints (RFC 7638). scripts/verify_proof.py checks one without us; docs/proofs.md describes it.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation

from identity import signatures
from services.gateway import acting, deadlines, receipts, signed, story
from services.gateway.errors import NoProofKey
from services.gateway.models import HookEvent, ServiceCall
from services.languages import CODES

FORMAT = "ferry-proof/1"
TYPE = "ferry-proof+json"
MEDIA_TYPE = "application/jose+json"
Json = dict[str, Any]


def prove(call: ServiceCall, now: datetime) -> Json:
    """The signed bundle of one call, as it stands at `now`. Raises NoProofKey. About six queries."""
    ring = keyring()
    if ring.signer is None:
        raise NoProofKey("FERRY_PROOF_KEY names no private key")
    return ring.sign(bundle(call, now), kind=TYPE)


def bundle(call: ServiceCall, now: datetime) -> Json:
    """Everything that the portal can vouch for. Times are UTC (RFC 3339); fingerprints are SHA-256 in hexadecimal."""
    deadline = deadlines.of_call(call)
    return {
        "format": FORMAT,
        "issuer": settings.BASE_URL,
        "issued_at": _time(now),
        "receipt": call.receipt,
        "status": call.status,
        "accepted_at": _time(call.accepted_at),
        "finished_at": _time(call.finished_at),
        "department": {"code": call.function.department.code, "names": call.function.department.names},
        "function": {"code": call.function.code, "version": call.version.number, "names": call.version.names},
        "actor": acting.described(call),
        "signature": signed.described(call),
        "sent": {
            "text": receipts.canonical(call.receipt, call.function.code, call.payload).decode(),
            "sha256": call.sent_sha256,
        },
        "deadline": deadline
        and {
            "opens_at": _time(deadline.opens_at),
            "closes_at": _time(deadline.closes_at),
            "effective_at": _time(deadline.effective_at),
        },
        "exchanges": _exchanges(call),
        "progress": [{"at": _time(event.received_at), "words": event.words} for event in _progress(call)],
        "decisions": [{"at": _time(each.at), "verb": each.verb} for each in call.settlements.order_by("at")],
        "answer": _answer(call),
    }


def _exchanges(call: ServiceCall) -> list[Json]:
    return [
        {
            "kind": each.kind,
            "number": each.number,
            "started_at": _time(each.started_at),
            "duration_ms": each.duration_ms,
            "outcome": each.outcome,
            "sent_sha256": each.sent_sha256 or None,
            "received_sha256": each.received_sha256 or None,
        }
        for each in call.attempts.all()
    ]


def _progress(call: ServiceCall) -> list[HookEvent]:
    return list(call.hook_events.filter(outcome="progress"))


def _answer(call: ServiceCall) -> Json | None:
    """What the department's answer was read as, and what the person reads in each language."""
    if not call.answer:
        return None
    words = {}
    for code in CODES:
        with translation.override(code):
            said = story.answer_from(call.version, call.answer)
        items = [{"label": str(item.label), "value": str(item.value)} for item in said.items]
        words[code] = {"title": said.title, "message": said.message, "items": items}
    return {"outcome": said.outcome, "values": call.answer["values"], "words": words}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- Keys -----------------------------------------------------------------------------------------
def key_set() -> Json:
    """The public keys, newest first, as a JSON Web Key Set (RFC 7517 section 5)."""
    return keyring().key_set()


def keyring() -> signatures.Keyring:
    """The keys of the settings. Raises ImproperlyConfigured for one that is none."""
    return signatures.keyring(settings.FERRY_PROOF_KEYS, setting="FERRY_PROOF_KEY")
