"""What the provider's answers say of themselves, and the four digits that both screens show before signing."""

import hashlib
from enum import StrEnum


class Code(StrEnum):
    """The `code` of an answer or of a callback. Codes that are not here are a failure of an unknown kind."""

    OK = "D00000"
    BAD_SIGNATURE = "D20006"
    KEY_EXPIRED = "D30002"  # fetch the key anew, once
    BAD_SEAL = "D30004"
    CANCELLED = "D40000"  # the person closed the app, or went back
    REJECTED = "D40001"  # the person said no
    TIMED_OUT = "D40003"


def identification_code(document_digest: bytes, open_id: str) -> str:
    """Four digits from MD5(SHA-512(digest of the document | SHA-256(openID))): digit i is (byte[4i] >> 4) mod 10.

    They let a person see that both screens speak of one document; they keep no secret, so MD5 does.
    """
    inner = hashlib.sha512(document_digest + hashlib.sha256(open_id.encode()).digest()).digest()
    mixed = hashlib.md5(inner, usedforsecurity=False).digest()
    return "".join(str((mixed[4 * place] >> 4) % 10) for place in range(4))
