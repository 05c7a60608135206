"""Calls that a person has signed: what exactly is signed, and how everybody is told."""

from typing import Any

from identity.mandates.models import Mandate
from identity.signing import flows
from identity.signing.models import SignedDocument
from services.gateway.models import ServiceCall
from services.registry.models import FunctionVersion

Json = dict[str, Any]
FIELD = "signature"  # as the disclosure log calls it


def is_needed(version: FunctionVersion) -> bool:
    """Whether the law asks for a signature."""
    return version.assurance == FunctionVersion.Assurance.PLUS


def content(version: FunctionVersion, payload: Json, mandate: Mandate | None) -> Json:
    """What is signed: the function, the answers, the files by their SHA-256, and for whom."""
    return {
        "function": {"code": version.function.code, "version": version.number},
        "department": version.function.department.code,
        "mandate": str(mandate.pk) if mandate else None,
        **payload,
    }


def redeem(signature: SignedDocument, call: ServiceCall) -> None:
    """Use it for this call, in the transaction of its acceptance. Raises identity.signing.errors.SignatureRefused."""
    assert call.person is not None
    said = content(call.version, call.payload, call.mandate)
    flows.redeem(signature, person=call.person, content=said, reference=call.receipt)


def disclosed(version: FunctionVersion) -> list[str]:
    """What of the signature leaves with the form, for the disclosure log."""
    return [FIELD] if is_needed(version) else []


def of(call: ServiceCall) -> SignedDocument | None:
    """The signature that the call took; no query for one that needs none."""
    return flows.of(call.receipt) if is_needed(call.version) else None


def described(call: ServiceCall) -> Json | None:
    """For a department's own system (mapping variable `signature`) and for proofs; None where nothing was signed.

    `jws` is complete: the document, the identity app's signature and certificate, under the portal's seal.
    """
    found = of(call)
    if found is None or found.jws is None or found.signed_at is None:
        return None
    return {
        "id": str(found.pk),
        "signer": found.signer,
        "signedAt": found.signed_at.isoformat(timespec="seconds"),
        "sha256": found.sha256,
        "jws": found.jws,
    }
