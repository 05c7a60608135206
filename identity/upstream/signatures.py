"""Signatures that come from the identity app: are they made over this document, with a certificate that we trust?"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

ALGORITHM = "SHA256withRSA"
LEAST_RSA_BITS = 2048
MOST_CHARACTERS = 20_000  # of a signature or a certificate


class NotSigned(Exception):
    """No signature of this document by somebody whom a trusted authority certifies."""


@dataclass(frozen=True)
class Signature:
    """A good one: RSA (PKCS #1 v1.5) over the document's SHA-256."""

    value: bytes
    certificate: bytes  # DER
    algorithm: str
    signer: str  # the common name in the certificate
    signed_at: datetime

    @property
    def certificate_pem(self) -> str:
        """The certificate as text."""
        body = base64.encodebytes(self.certificate).decode()
        return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def verify(told: dict[str, Any], *, document_sha256: bytes, at: datetime) -> Signature:
    """The signature in a provider's answer; raises NotSigned, whose text says what is wrong."""
    value, certificate = _bytes(told.get("signature")), _certificate(told.get("cert"))
    _must_be_trusted(certificate, at)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_RSA_BITS:
        raise NotSigned("its key is none that may sign")
    try:
        key.verify(value, document_sha256, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    except InvalidSignature as error:
        raise NotSigned("it was made over something else") from error
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    signer = str(names[0].value) if names else ""
    return Signature(value, certificate.public_bytes(Encoding.DER), ALGORITHM, signer, at)


def _must_be_trusted(certificate: x509.Certificate, at: datetime) -> None:
    """Issued directly by one of the authorities in UPSTREAM_TRUST_FILE, for signing, and in force."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise NotSigned("its certificate is not in force")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound as error:
        raise NotSigned("its certificate does not say what it is for") from error
    if is_authority or not (usage.digital_signature or usage.content_commitment):
        raise NotSigned("its certificate is not for signing")
    if not any(_issued(certificate, authority, at) for authority in _authorities()):
        raise NotSigned("nobody whom we trust issued its certificate")


def _issued(certificate: x509.Certificate, authority: x509.Certificate, at: datetime) -> bool:
    if not authority.not_valid_before_utc <= at <= authority.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _authorities() -> list[x509.Certificate]:
    """Read each time: signatures are rare, and a renewed file counts at once."""
    path = Path(settings.UPSTREAM_TRUST_FILE)
    return x509.load_pem_x509_certificates(path.read_bytes()) if path.is_file() else []


def _certificate(text: object) -> x509.Certificate:
    try:
        if isinstance(text, str) and text.startswith("-----BEGIN") and len(text) <= MOST_CHARACTERS:
            return x509.load_pem_x509_certificate(text.encode())
        return x509.load_der_x509_certificate(_bytes(text))
    except ValueError as error:
        raise NotSigned("there is no certificate") from error


def _bytes(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        raise NotSigned("something is missing")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotSigned("something is no base64") from error
