#!/usr/bin/env python3
"""Check the proof of a call without the portal: `verify_proof.py FRY-….proof.json ferry-proof-keys.json`.

Needs only `cryptography`. The keys are what the portal publishes at /.well-known/ferry-proof-keys.json; keep a copy
from a time and a place that you trust. Prints what is proven and ends with 0, or says what is wrong and ends with 1.
"""

import base64
import binascii
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class NotProven(Exception):
    """The message says what is wrong."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice: readers would disagree about it."""
    if len(dict(pairs)) != len(pairs):
        raise NotProven("a name stands twice in one object")
    return dict(pairs)


def parsed(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise NotProven(f"{what} is not JSON") from error
    if not isinstance(found, dict):
        raise NotProven(f"{what} is not a JSON object")
    return found


def decoded(text: Any, what: str) -> bytes:
    """Base64url in its one exact way of writing (RFC 7515 section 2)."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise NotProven(f"{what} is not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise NotProven(f"{what} is not base64url as it is written")
    return raw


def verified(proof: bytes, key_set: bytes) -> dict[str, Any]:
    """The bundle that the proof signs (RFC 7515 section 5.2, RFC 8037). Raises NotProven."""
    signed = parsed(proof, "the proof")
    if set(signed) != {"payload", "protected", "signature"}:
        raise NotProven("the proof has other parts than payload, protected and signature")
    header = parsed(decoded(signed["protected"], "the header"), "the header")
    if set(header) != {"alg", "kid", "typ"} or (header["alg"], header["typ"]) != ("EdDSA", "ferry-proof+json"):
        raise NotProven("the header is not that of a proof")
    keys = [key for key in parsed(key_set, "the key set").get("keys", []) if key.get("kid") == header["kid"]]
    if len(keys) != 1 or (keys[0].get("kty"), keys[0].get("crv")) != ("OKP", "Ed25519"):
        raise NotProven(f"the key set has no key {header['kid']}")
    public = Ed25519PublicKey.from_public_bytes(decoded(keys[0].get("x"), "the key"))
    content = f"{signed['protected']}.{signed['payload']}".encode()
    try:
        public.verify(decoded(signed["signature"], "the signature"), content)
    except InvalidSignature as error:
        raise NotProven("the signature does not fit: something was changed, or another key signed it") from error
    bundle = parsed(decoded(signed["payload"], "the bundle"), "the bundle")
    text = bundle["sent"]["text"].encode()
    if bundle["format"] != "ferry-proof/1" or hashlib.sha256(text).hexdigest() != bundle["sent"]["sha256"]:
        raise NotProven("the text that was sent does not have the fingerprint that the receipt shows")
    if parsed(text, "what was sent").get("receipt") != bundle["receipt"]:
        raise NotProven("the text that was sent belongs to another receipt")
    return bundle


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        bundle = verified(*(Path(name).read_bytes() for name in sys.argv[1:]))
    except (NotProven, OSError) as problem:
        print(f"NOT PROVEN: {problem}", file=sys.stderr)
        return 1
    print(f"PROVEN, as {bundle['issuer']} signed it on {bundle['issued_at']}:")
    print(json.dumps(bundle, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
