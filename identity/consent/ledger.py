"""The chains of the disclosure log: one per person, so that people do not wait for each other.

A line's digest is the SHA-256 of the canonical JSON of its facts (sorted keys, no spaces, UTF-8: after RFC 8785); its
hash is that of `{"facts": digest, "previous": hash of the line before, "sequence": its number}`. So a line can be
checked without its facts, and shown later. Lines of nobody stand in one of LANES, chosen by lot: they need an order
that cannot be changed, and one chain for all of them would make strangers wait for each other.
"""

import hashlib
import secrets
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, models

from identity import statements
from identity.consent.models import Disclosure
from identity.signatures import Json, canonical

FORMAT = "ferry-disclosures/1"
BUCKET_BITS = 12
LANES = tuple(uuid.uuid5(uuid.NAMESPACE_URL, f"{FORMAT}/nobody/{number}") for number in range(64))
FACTS = (
    "kind", "person_id", "for_person_id", "actor_id", "recipient", "recipient_names", "purpose", "purpose_names",
    "fields", "ground", "reference", "at", "visible_from", "salt",
)  # fmt: skip
_GIVEN_BY_DATABASE = ("sequence", "previous", "hash")


def facts(line: Disclosure) -> Json:
    """Everything that the line says, as its digest covers it."""
    return {name.removesuffix("_id"): _plain(getattr(line, name)) for name in FACTS}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return say_time(value)
    return str(value) if isinstance(value, uuid.UUID) else value


def say_time(moment: datetime) -> str:
    """UTC, RFC 3339, to the microsecond as the database keeps it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def digest(line: Disclosure) -> str:
    """SHA-256 of the line's facts, in hexadecimal."""
    return hashlib.sha256(canonical(facts(line))).hexdigest()


def link(digest: str, previous: str, sequence: int) -> str:
    """The hash of a line; the SQL function consent_link says the same."""
    return hashlib.sha256(canonical({"facts": digest, "previous": previous, "sequence": sequence})).hexdigest()


def genesis(chain: uuid.UUID) -> str:
    """What stands before the first line of a chain."""
    return hashlib.sha256(f"{FORMAT}:{chain}".encode()).hexdigest()


def bucket(chain: uuid.UUID) -> int:
    """The first bits of SHA-256 of the chain's key: where its seal stands in a checkpoint."""
    return int.from_bytes(hashlib.sha256(chain.bytes).digest()[:2]) >> (16 - BUCKET_BITS)


def append(line: Disclosure, *, along: models.Model | None = None) -> None:
    """Write the line at the end of its chain, in one statement, and note its place.

    `along` is a new row, with its key, that the same statement writes: both stand or neither. The head's row is locked
    until the transaction ends, so that two lines of one person stand one behind the other. A transaction that writes
    lines of several people does so in the order of their chains' keys.
    """
    line.chain = line.for_person_id or line.person_id or secrets.choice(LANES)
    line.salt = secrets.token_hex(16)
    line.digest = digest(line)
    columns, statement = _statement()
    values = [field.get_db_prep_save(getattr(line, field.attname), connection) for field in columns]
    start = genesis(line.chain)
    before = [line.chain, bucket(line.chain), start, line.digest, start, line.digest]
    if along is None:
        found = statements.first_row(f"WITH {statement}", [*before, *values])
    else:
        beside, its = statements.insertion(along)
        found = statements.first_row(f"WITH beside AS ({beside}), {statement}", [*its, *before, *values])
        statements.stands(along)
    line.pk, line.sequence, line.previous, line.hash = found
    statements.stands(line)


@cache
def _statement() -> tuple[list[Any], str]:
    """The columns to give a value for, and the text."""
    columns = [
        field
        for field in Disclosure._meta.concrete_fields
        if not isinstance(field, models.AutoField) and field.attname not in _GIVEN_BY_DATABASE
    ]
    names = ", ".join(f'"{field.column}"' for field in columns)
    return columns, _APPEND.format(names=names, places=", ".join(["%s"] * len(columns)))


_APPEND = """
head AS (
    INSERT INTO consent_chain AS chain (id, bucket, sequence, previous, head)
    VALUES (%s, %s, 1, %s, consent_link(%s, %s, 1))
    ON CONFLICT (id) DO UPDATE SET sequence = chain.sequence + 1, previous = chain.head,
        head = consent_link(%s, chain.head, chain.sequence + 1)
    RETURNING sequence, previous, head
)
INSERT INTO consent_disclosure ({names}, "sequence", "previous", "hash")
SELECT {places}, sequence, previous, head FROM head
RETURNING id, sequence, previous, hash
"""
