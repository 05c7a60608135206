"""Merkle trees as in RFC 6962 section 2.1: one hash over many leaves, and the way from a leaf up to it."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

EMPTY = hashlib.sha256(b"").digest()


class Step(NamedTuple):
    """A neighbour on the way up, and whether it stands to the left."""

    is_left: bool
    hash: bytes


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\0" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Of leaves, or of the roots of smaller trees; EMPTY for none."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else EMPTY
    middle = _split(len(hashes))
    return node(root(hashes[:middle]), root(hashes[middle:]))


def path(hashes: Sequence[bytes], place: int) -> list[Step]:
    """From the leaf at that place up to the root."""
    if len(hashes) <= 1:
        return []
    middle = _split(len(hashes))
    if place < middle:
        return [*path(hashes[:middle], place), Step(False, root(hashes[middle:]))]
    return [*path(hashes[middle:], place - middle), Step(True, root(hashes[:middle]))]


def _split(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << ((count - 1).bit_length() - 1)
