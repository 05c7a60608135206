"""Looking for whatever was changed in the disclosure log since it was written: each problem names its rows.

Lines are judged by their chains, ends of chains and seals by the lines, checkpoints by the seals, by their own chain
and by their signatures. What no checkpoint has sealed yet is protected by the ends of the chains alone.
"""

import json
import uuid
from collections.abc import Iterator

from django.db.models import Max

from identity import statements
from identity.consent import checkpoints, ledger, merkle
from identity.consent.models import Checkpoint, Disclosure, Seal
from identity.signatures import decode

TOLERANCE = "1 hour"  # between the clocks of the portal's machines, and for a transaction that takes its time

_ENDS = """
SELECT coalesce(line.chain, chain.id), coalesce(line.sequence, 0), coalesce(chain.sequence, 0)
FROM (
    SELECT DISTINCT ON (chain) chain, sequence, hash FROM consent_disclosure ORDER BY chain, sequence DESC
) line FULL OUTER JOIN consent_chain chain ON chain.id = line.chain
WHERE line.sequence IS DISTINCT FROM chain.sequence OR line.hash IS DISTINCT FROM chain.head
"""
_SEALS = """
SELECT seal.checkpoint_id, seal.chain, seal.sequence FROM consent_seal seal
LEFT JOIN consent_disclosure line ON line.chain = seal.chain AND line.sequence = seal.sequence
WHERE line.hash IS DISTINCT FROM seal.head
"""
# The checkpoint before the one that first sealed a line, or the newest if none has, is older than the line.
_BACKDATED = """
SELECT line.id, line.chain, line.sequence, checkpoint.number FROM consent_disclosure line
JOIN consent_checkpoint checkpoint ON checkpoint.number = coalesce(
    (SELECT min(checkpoint_id) - 1 FROM consent_seal seal
        WHERE seal.chain = line.chain AND seal.sequence >= line.sequence),
    (SELECT max(number) FROM consent_checkpoint)
)
WHERE line.at < checkpoint.at - %s::interval
"""


def problems() -> Iterator[str]:
    """All that is wrong, in words. Reads the whole log; nothing when it is as it was written."""
    yield from _of_lines()
    for chain, lines, end in statements.rows(_ENDS, []):
        yield f"chain {chain}: its last line is number {lines}, and its end says number {end} or another hash"
    for number, chain, sequence in statements.rows(_SEALS, []):
        yield f"chain {chain}: line number {sequence} is not the one that checkpoint {number} sealed"
    for row, chain, sequence, number in statements.rows(_BACKDATED, [TOLERANCE]):
        yield f"{_place(row, chain, sequence)}: dated before checkpoint {number}, which does not have it"
    yield from _of_checkpoints()


def _of_lines() -> Iterator[str]:
    chain, sequence, head = None, 0, ""
    for line in Disclosure.objects.order_by("chain", "sequence").iterator(chunk_size=2_000):
        if line.chain != chain:
            chain, sequence, head = line.chain, 0, ledger.genesis(line.chain)
        place = _place(line.pk, line.chain, line.sequence)
        if line.sequence != sequence + 1:
            yield f"{place}: follows number {sequence}, so that lines are missing"
        elif line.previous != head:
            yield f"{place}: does not follow the line before it"
        if ledger.digest(line) != line.digest:
            yield f"{place}: what it says is not what was written"
        if ledger.link(line.digest, line.previous, line.sequence) != line.hash:
            yield f"{place}: its hash is not its own"
        sequence, head = line.sequence, line.hash


def _place(row: int, chain: uuid.UUID, sequence: int) -> str:
    return f"row {row} (chain {chain}, number {sequence})"


def _of_checkpoints() -> Iterator[str]:
    previous, number, roots = checkpoints.BEFORE_THE_FIRST, 0, merkle.EMPTY * checkpoints.BUCKETS
    for checkpoint in Checkpoint.objects.order_by("number").iterator(chunk_size=20):
        place = f"checkpoint {checkpoint.number}"
        if checkpoint.number != number + 1:
            yield f"{place}: follows number {number}, so that checkpoints are missing"
        if checkpoint.previous != previous:
            yield f"{place}: does not follow the one before it"
        if not checkpoints.keys().is_signed(checkpoints.signed(checkpoint), kind=checkpoints.TYPE):
            yield f"{place}: its signature is not ours"
        elif not _says_so(checkpoint):
            yield f"{place}: the row says something else than what was signed"
        roots = _roots(roots, checkpoint.number)
        if merkle.root(checkpoints.split(roots)).hex() != checkpoint.root or roots != bytes(checkpoint.bucket_roots):
            yield f"{place}: its root is not that of the seals"
        previous, number = checkpoints.fingerprint(checkpoint), checkpoint.number
    last = Seal.objects.aggregate(last=Max("checkpoint"))["last"] or 0
    if last > number:
        yield f"checkpoint {last}: missing, and seals of it are there"


def _says_so(checkpoint: Checkpoint) -> bool:
    payload = json.loads(decode(checkpoint.payload))
    said = {name: getattr(checkpoint, name) for name in ("number", "root", "previous", "chains", "entries")}
    return all(payload.get(name) == value for name, value in said.items()) and (
        payload.get("at") == ledger.say_time(checkpoint.at)
    )


def _roots(roots: bytes, number: int) -> bytes:
    """The buckets' roots once the seals of this checkpoint are in."""
    grown = set(Seal.objects.filter(checkpoint=number).values_list("bucket", flat=True))
    return checkpoints.with_roots(
        roots, {bucket: merkle.root(checkpoints.leaves(bucket, number)[1]) for bucket in grown}
    )
