"""The portal's seal: an EC key (P-256) and its certificates, from settings; and whose seals we believe.

FERRY_SEAL is the private key (PKCS #8, DER) and then its certificates (DER) up to the authority, each in base64.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from identity.signing.errors import NoSeal


@dataclass(frozen=True)
class Seal:
    """What the portal signs with in its own name."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]  # its own, then whoever issued that

    @property
    def certificate(self) -> x509.Certificate:
        """Its own."""
        return self.chain[0]


def is_configured() -> bool:
    """Whether there is one."""
    return bool(settings.FERRY_SEAL)


def ours() -> Seal:
    """The seal of the settings. Raises NoSeal, or ImproperlyConfigured for one that is none."""
    if not settings.FERRY_SEAL:
        raise NoSeal("FERRY_SEAL is not set")
    return _read(tuple(settings.FERRY_SEAL))


@lru_cache(maxsize=4)
def _read(entries: tuple[str, ...]) -> Seal:
    try:
        raw = [base64.b64decode(entry, validate=True) for entry in entries]
        key = load_der_private_key(raw[0], password=None)
        chain = tuple(x509.load_der_x509_certificate(each) for each in raw[1:])
    except (binascii.Error, ValueError, TypeError) as error:
        raise ImproperlyConfigured("FERRY_SEAL: give a key and its certificates, DER in base64") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1) or not chain:
        raise ImproperlyConfigured("FERRY_SEAL: the key is one of P-256, and its certificates follow")
    if chain[0].public_key() != key.public_key():
        raise ImproperlyConfigured("FERRY_SEAL: the certificate is of another key")
    return Seal(key, chain)


def trusted() -> list[x509.Certificate]:
    """The authorities whose seals we believe: those of FERRY_SEAL_TRUST_FILE, else our own seal's."""
    path = settings.FERRY_SEAL_TRUST_FILE
    if path:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    return [ours().chain[-1]] if is_configured() else []


def time_stampers() -> list[x509.Certificate]:
    """The authorities whose time stamps we believe."""
    path = Path(settings.FERRY_TSA_TRUST_FILE)
    return x509.load_pem_x509_certificates(path.read_bytes()) if path.is_file() else []


def is_trusted(chain: list[x509.Certificate], at: datetime) -> bool:
    """Whether the first certificate may sign, and leads, by the others, to an authority that we trust, all in force."""
    try:
        usage = chain[0].extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if not (usage.digital_signature or usage.content_commitment):
        return False
    authorities = trusted()
    for number, each in enumerate(chain):
        if not _is_in_force(each, at) or (number and not _may_issue(each)):
            return False
        if any(_is_in_force(one, at) and _issued(each, one) for one in authorities):
            return True
        if number + 1 == len(chain) or not _issued(each, chain[number + 1]):
            return False
    return False


def _is_in_force(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
