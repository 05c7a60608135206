"""Receipts: a number that can be read out over the telephone, and the exact text that was sent."""

import hashlib
import json
import secrets
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"  # 31 symbols, a prime: no I, L, O, U, Z, which look like others
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", "Z": "2"})
LENGTH = 11  # random symbols: 54 bits


def _check_symbol(symbols: str) -> str:
    """Weighted by place, modulo a prime: one wrong symbol or two swapped are always noticed."""
    return ALPHABET[sum(place * ALPHABET.index(symbol) for place, symbol in enumerate(symbols, 2)) % len(ALPHABET)]


def new() -> str:
    """A fresh number such as `FRY-7K2M-9QXD-W41Z`; the last symbol checks the others."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    symbols += _check_symbol(symbols)
    return f"FRY-{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


def normalise(text: str) -> str | None:
    """The number as we write it, from what a person typed; None if it cannot be one of ours."""
    symbols = text.upper().replace("-", "").replace(" ", "")
    if len(symbols) > LENGTH + 1:  # a number given without its prefix may begin with the same letters
        symbols = symbols.removeprefix("FRY")
    symbols = symbols.translate(_LOOKALIKES)
    if len(symbols) != LENGTH + 1 or any(symbol not in ALPHABET for symbol in symbols):
        return None
    if _check_symbol(symbols[:-1]) != symbols[-1]:
        return None
    return f"FRY-{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


def canonical(receipt: str, function: str, payload: dict[str, Any]) -> bytes:
    """The text whose SHA-256 the receipt shows: JSON with sorted keys, no spaces, UTF-8 (after RFC 8785)."""
    document = {"receipt": receipt, "function": function, **payload}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(receipt: str, function: str, payload: dict[str, Any]) -> str:
    """SHA-256 of `canonical`, in hexadecimal."""
    return hashlib.sha256(canonical(receipt, function, payload)).hexdigest()
