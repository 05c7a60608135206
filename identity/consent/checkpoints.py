"""Once a day the ends of all chains are sealed: a signed Merkle root, chained to the one before.

The leaf of a chain is the canonical JSON of its key, its length and its head. Chains stand in 4,096 buckets by the
first bits of SHA-256 of their keys, in the order of the keys; the buckets' roots are the leaves of a tree of twelve
levels. So a person's proof is made from one bucket, and a day's work is that of the chains that grew.
docs/disclosures.md describes it for those who check.
"""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from identity import statements
from identity.consent import ledger, merkle
from identity.consent.errors import NoDisclosureKey
from identity.consent.models import Checkpoint, Seal
from identity.signatures import Json, Keyring, canonical, decode, keyring

FORMAT = "ferry-checkpoint/1"
TYPE = "ferry-checkpoint+json"
BUCKETS = 1 << ledger.BUCKET_BITS
BEFORE_THE_FIRST = hashlib.sha256(FORMAT.encode()).hexdigest()
_LOCK = 4_215_101  # of the database, for one at a time; any number that nobody else uses

_SEAL = """
INSERT INTO consent_seal (checkpoint_id, chain, bucket, sequence, head)
SELECT %s, chain.id, chain.bucket, chain.sequence, chain.head FROM consent_chain chain
LEFT JOIN LATERAL (
    SELECT seal.sequence FROM consent_seal seal WHERE seal.chain = chain.id ORDER BY seal.checkpoint_id DESC LIMIT 1
) sealed ON true
WHERE sealed.sequence IS DISTINCT FROM chain.sequence
RETURNING bucket
"""
_BUCKET = """
SELECT DISTINCT ON (chain) chain, sequence, head FROM consent_seal
WHERE bucket = %s AND checkpoint_id <= %s ORDER BY chain, checkpoint_id DESC
"""
_TOTALS = """
SELECT count(*), coalesce(sum(sequence), 0)::bigint FROM (
    SELECT DISTINCT ON (chain) sequence FROM consent_seal ORDER BY chain, checkpoint_id DESC
) sealed
"""


def keys() -> Keyring:
    """The portal's own, as FERRY_DISCLOSURE_KEY names them."""
    return keyring(settings.FERRY_DISCLOSURE_KEYS, setting="FERRY_DISCLOSURE_KEY")


@transaction.atomic
def take(now: datetime) -> Checkpoint:
    """Seal whatever was written since the last one. One at a time; raises NoDisclosureKey."""
    ring = keys()
    if ring.signer is None:
        raise NoDisclosureKey("FERRY_DISCLOSURE_KEY names no private key")
    statements.first_row("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    before = Checkpoint.objects.first()
    number = before.number + 1 if before else 1
    grown = {bucket for (bucket,) in statements.rows(_SEAL, [number])}
    roots = bytes(before.bucket_roots) if before else merkle.EMPTY * BUCKETS
    roots = with_roots(roots, {bucket: merkle.root(leaves(bucket, number)[1]) for bucket in grown})
    chains, entries = statements.first_row(_TOTALS, [])
    facts = {
        "format": FORMAT, "issuer": settings.BASE_URL, "number": number, "at": ledger.say_time(now),
        "previous": fingerprint(before) if before else BEFORE_THE_FIRST,
        "root": merkle.root(split(roots)).hex(), "chains": chains, "entries": entries,
    }  # fmt: skip
    return Checkpoint.objects.create(
        number=number, at=now, root=facts["root"], previous=facts["previous"], chains=chains, entries=entries,
        bucket_roots=roots, **ring.sign(facts, kind=TYPE),
    )  # fmt: skip


def is_due(now: datetime) -> bool:
    """None was taken yet on this day of Hong Kong."""
    last = Checkpoint.objects.values_list("at", flat=True).first()
    return last is None or timezone.localdate(last) < timezone.localdate(now)


def leaves(bucket: int, number: int) -> tuple[list[uuid.UUID], list[bytes]]:
    """The chains of a bucket as they were sealed by that checkpoint, and their leaves, in order."""
    found = statements.rows(_BUCKET, [bucket, number])
    return [row[0] for row in found], [leaf(*row) for row in found]


def leaf(chain: uuid.UUID, sequence: int, head: str) -> bytes:
    return merkle.leaf(canonical({"chain": str(chain), "head": head, "sequence": sequence}))


def split(roots: bytes) -> list[bytes]:
    """The buckets' roots, one by one."""
    return [roots[start : start + 32] for start in range(0, len(roots), 32)]


def with_roots(roots: bytes, changed: dict[int, bytes]) -> bytes:
    """The buckets' roots with some of them replaced."""
    made = bytearray(roots)
    for bucket, root in changed.items():
        made[bucket * 32 : bucket * 32 + 32] = root
    return bytes(made)


def fingerprint(checkpoint: Checkpoint) -> str:
    """SHA-256 of its payload: what the next one names as `previous`."""
    return hashlib.sha256(decode(checkpoint.payload)).hexdigest()


def signed(checkpoint: Checkpoint) -> Json:
    """As it is published: a JWS in flattened form."""
    return {name: getattr(checkpoint, name) for name in ("payload", "protected", "signature")}


def proof(chain: uuid.UUID) -> Json | None:
    """How the chain stands in the newest checkpoint, and the way up to its root; None while it stands in none."""
    checkpoint = Checkpoint.objects.first()
    seal = checkpoint and Seal.objects.filter(chain=chain).order_by("-checkpoint_id").first()
    if not checkpoint or not seal:
        return None
    chains, hashes = leaves(seal.bucket, checkpoint.number)
    buckets = split(bytes(checkpoint.bucket_roots))
    steps = merkle.path(hashes, chains.index(chain)) + merkle.path(buckets, seal.bucket)
    return {
        "sequence": seal.sequence,
        "path": [{"side": "left" if step.is_left else "right", "hash": step.hash.hex()} for step in steps],
        "checkpoint": signed(checkpoint),
    }


def published(before: int | None, count: int) -> list[dict[str, Any]]:
    """The signed checkpoints, newest first; those below a number if one is given."""
    found = Checkpoint.objects.defer("bucket_roots")
    return [signed(each) for each in (found.filter(number__lt=before) if before else found)[:count]]
