#!/usr/bin/env python3
"""Check who saw your data, without the portal: `verify_disclosures.py log.json keys.json [earlier-log.json]`.

Needs only `cryptography`. log.json is your own copy, earlier-log.json one that you kept: every line of it must still
be there. keys.json is what the portal publishes at /.well-known/ferry-disclosure-keys.json; keep a copy from a time
and a place that you trust. Ends with 0 and says what is proven, or with 1 and says what is wrong.
"""

import base64
import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]


class NotProven(Exception):
    """The message says what is wrong."""


def digest(document: Any) -> str:
    """SHA-256 of canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def check(is_so: bool, wrong: str) -> None:
    if not is_so:
        raise NotProven(wrong)


def heads(log: Json) -> list[str]:
    """The hash of each line, once every one of them fits the one before."""
    head, found = hashlib.sha256(f"ferry-disclosures/1:{log['chain']}".encode()).hexdigest(), []
    for number, entry in enumerate(log["entries"], 1):
        check(entry["sequence"] == number, f"line {number} is missing or out of order")
        check(entry["previous"] == head, f"line {number} does not follow the line before it")
        if entry["facts"] is not None:
            check(digest(entry["facts"]) == entry["digest"], f"line {number}: what it says was changed")
        head = digest({"facts": entry["digest"], "previous": head, "sequence": number})
        check(entry["hash"] == head, f"line {number}: its hash is not its own")
        found.append(head)
    return found


def signed(checkpoint: Json, keys: Json) -> Json:
    """What the checkpoint says, once its signature fits (RFC 7515 section 5.2, RFC 8037)."""
    header = json.loads(decoded(checkpoint["protected"]))
    check((header["alg"], header["typ"]) == ("EdDSA", "ferry-checkpoint+json"), "this is no checkpoint")
    fitting = [key for key in keys["keys"] if (key["kid"], key["crv"]) == (header["kid"], "Ed25519")]
    check(len(fitting) == 1, f"the key set has no key {header['kid']}")
    content = f"{checkpoint['protected']}.{checkpoint['payload']}".encode()
    Ed25519PublicKey.from_public_bytes(decoded(fitting[0]["x"])).verify(decoded(checkpoint["signature"]), content)
    return dict(json.loads(decoded(checkpoint["payload"])))


def verified(log: Json, keys: Json, earlier: Json | None = None) -> str:
    """What is proven. Raises NotProven, or InvalidSignature, KeyError, TypeError, ValueError for other files."""
    found = heads(log)
    if earlier is not None:
        check((log["chain"], heads(earlier)) == (earlier["chain"], found[: len(earlier["entries"])]),
              "the earlier copy has lines that are not in this one")  # fmt: skip
    hidden = sum(entry["facts"] is None for entry in log["entries"])
    said = f"{len(found)} lines, each behind the other; {hidden} of them will be shown later."
    proof = log["proof"]
    if proof is None:
        return f"{said} No checkpoint has sealed them yet."
    check(0 < proof["sequence"] <= len(found), "lines are missing at the end: the checkpoint has sealed more")
    leaf = {"chain": log["chain"], "head": found[proof["sequence"] - 1], "sequence": proof["sequence"]}
    text = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
    node, bits = hashlib.sha256(b"\0" + text).digest(), ""
    for step in proof["path"]:
        pair = [bytes.fromhex(step["hash"]), node]
        node = hashlib.sha256(b"\1" + b"".join(pair if step["side"] == "left" else reversed(pair))).digest()
        bits = ("1" if step["side"] == "left" else "0") + bits
    place = hashlib.sha256(uuid.UUID(log["chain"]).bytes).digest()[:2]
    check(bits[:12] == f"{int.from_bytes(place):016b}"[:12], "the chain does not stand in its place in the checkpoint")
    checkpoint = signed(proof["checkpoint"], keys)
    check(checkpoint["root"] == node.hex(), "the lines are not those that the checkpoint has sealed")
    return f"{said} {proof['sequence']} are sealed by checkpoint {checkpoint['number']} of {checkpoint['at']}."


if __name__ == "__main__":
    try:
        print("PROVEN:", verified(*(json.loads(Path(name).read_bytes()) for name in sys.argv[1:])))
    except (NotProven, InvalidSignature, OSError, KeyError, TypeError, ValueError, RecursionError) as problem:
        sys.exit(f"NOT PROVEN: {type(problem).__name__}: {problem}")
