"""A throw-away authority for the twins' HTTPS face: made at every start, trusted by nobody who does not read it."""

import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=30)
Extension = tuple[x509.ExtensionType, bool]  # and whether it is critical


class Authority:
    """Signs certificates; `pem` is its own."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs certificates, lists
        self._certificate = self._sign(
            self._name, self._key, [(x509.BasicConstraints(ca=True, path_length=0), True), (usage, True)]
        )

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_server(self, name: str, address: str) -> bytes:
        """Certificate and key, as one PEM, of a server at an IPv4 address."""
        here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))])
        return self._issue(name, [(here, False), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)])

    def issue_client(self, name: str) -> bytes:
        """Certificate and key, as one PEM, of someone who calls."""
        return self._issue(name, [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])

    def _issue(self, name: str, extensions: list[Extension]) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        plain = [(x509.BasicConstraints(ca=False, path_length=None), True), *extensions]
        certificate = self._sign(_named(name), key, plain).public_bytes(serialization.Encoding.PEM)
        return certificate + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: Iterable[Extension]
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def server_context(folder: Path) -> ssl.SSLContext:
    """Write authority.pem, server.pem and client.pem into the folder; a context that wants such a client."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority("Authority of the twins")
    keep(folder / "authority.pem", authority.pem)
    keep(folder / "server.pem", authority.issue_server("The twins", "127.0.0.1"))
    keep(folder / "client.pem", authority.issue_client("Ferry"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def keep(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
