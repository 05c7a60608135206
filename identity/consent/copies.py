"""A person's own copy of their chain, with which scripts/verify_disclosures.py checks it without us."""

from datetime import datetime

from django.conf import settings

from identity.accounts.models import User
from identity.consent import checkpoints, ledger
from identity.consent.models import Disclosure
from identity.signatures import Json


def copy(person: User, now: datetime) -> Json:
    """Every line of the person's chain in order; of one that is not to be read yet only its place and its digest."""
    lines = Disclosure.objects.filter(chain=person.pk).order_by("sequence")
    return {
        "format": ledger.FORMAT,
        "issuer": settings.BASE_URL,
        "made_at": ledger.say_time(now),
        "chain": str(person.pk),
        "entries": [_entry(line, now) for line in lines.iterator(chunk_size=2_000)],
        "proof": checkpoints.proof(person.pk),
    }


def _entry(line: Disclosure, now: datetime) -> Json:
    is_visible = line.visible_from <= now
    return {
        "sequence": line.sequence,
        "facts": ledger.facts(line) if is_visible else None,
        "visible_from": ledger.say_time(line.visible_from),
        "digest": line.digest,
        "previous": line.previous,
        "hash": line.hash,
    }
