"""The demonstration's authority for signing, kept between runs, and the keys of its people, made when first needed."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.twins.certificates import keep
from services.twins.identity_people import Person

LASTS = timedelta(days=3650)
TIME_STAMPER = "time-stamper"  # among the codes of people
PEM = serialization.Encoding.PEM
PLAIN = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class SigningRoom:
    """`authority.pem` in the folder is what others trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._keys: dict[str, tuple[rsa.RSAPrivateKey, x509.Certificate]] = {}
        at_key, at_certificate = folder / "authority.key", folder / "authority.pem"
        if not (at_key.exists() and at_certificate.exists()):
            key = _new_key()
            keep(at_key, key.private_bytes(PEM, *PLAIN))
            keep(at_certificate, _certificate("Demonstration authority", key, None, key).public_bytes(PEM))
        made = serialization.load_pem_private_key(at_key.read_bytes(), password=None)
        assert isinstance(made, rsa.RSAPrivateKey)
        self._authority, self._certificate = made, x509.load_pem_x509_certificate(at_certificate.read_bytes())

    def sign(self, person: Person, document_digest: bytes) -> tuple[str, str]:
        """SHA256withRSA over the digest, and the certificate (PEM). Takes a while the first time of each person."""
        if person.code not in self._keys:
            key = _new_key()
            self._keys[person.code] = key, _certificate(person.name, self._authority, self._certificate, key)
        key, certificate = self._keys[person.code]
        signature = key.sign(document_digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        return base64.b64encode(signature).decode(), certificate.public_bytes(PEM).decode()

    def time_stamper(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate, x509.Certificate]:
        """Key and certificate of the one who stamps times (RFC 3161 section 2.3), and the authority's certificate."""
        if TIME_STAMPER not in self._keys:
            key = _new_key()
            self._keys[TIME_STAMPER] = key, _certificate(
                "Demonstration time stamps", self._authority, self._certificate, key,
                purpose=ExtendedKeyUsageOID.TIME_STAMPING,
            )  # fmt: skip
        return *self._keys[TIME_STAMPER], self._certificate


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    name: str,
    issuer_key: rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    key: rsa.RSAPrivateKey,
    *,
    purpose: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    """Signed by the issuer, or by itself and then an authority's. For that purpose alone, if given."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    is_authority = issuer is None
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=not is_authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
