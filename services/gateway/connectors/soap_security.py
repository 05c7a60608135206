"""WS-Security of SOAP messages: a user name and password, a signature with an X.509 certificate, or both.

OASIS Web Services Security 1.1: SOAP Message Security (SMS), UsernameToken Profile (UTP), X.509 Certificate Token
Profile (XTP). Secrets come from environment variables that a backend's settings name.
"""

import base64
import hashlib
import os
import secrets
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from services.gateway.connectors.soap_reply import Unreadable, body_of
from services.registry.models import Backend

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
USERNAME_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
LIFETIME = timedelta(minutes=5)  # of a message; also how far another clock may be from ours
HIDDEN = "(hidden)"

VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,99}$"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "username_token": {
            "type": "object",
            "properties": {
                "username": {"type": "string", "minLength": 1, "maxLength": 200},
                "password": {**VARIABLE, "description": "names its variable, if not the backend's credentials do"},
                "password_type": {"enum": ["text", "digest"], "default": "digest"},
            },
            "required": ["username"],
            "additionalProperties": False,
        },
        "signature": {
            "type": "object",
            "description": "names of the environment variables with our private key and its certificate, as PEM",
            "properties": {"key": VARIABLE, "certificate": VARIABLE},
            "required": ["key", "certificate"],
            "additionalProperties": False,
        },
        "verify": {
            **VARIABLE,
            "description": "of the department's certificate, as PEM: an answer must be signed with it",
        },
    },
    "additionalProperties": False,
}


class MissingSecret(Exception):
    """An environment variable that settings name is not set, or holds no key or certificate. Says which."""


def secure(backend: Backend, envelope: etree._Element) -> None:
    """Add the wsse:Security header that the backend's settings ask for. Raises MissingSecret."""
    wanted = backend.settings.get("wsse", {})
    if "verify" in wanted:
        _certificate(wanted["verify"])  # without it the answer would be in doubt: better not to ask
    if "username_token" not in wanted and "signature" not in wanted:
        return
    header = _header(envelope)
    now = datetime.now(UTC)
    signed = [_timestamp(header, now), body_of(envelope)]
    if "username_token" in wanted:
        token = wanted["username_token"]
        signed.append(_username_token(header, token, _secret(token.get("password", backend.credentials)), now))
    if "signature" in wanted:
        _sign(envelope, header, signed, wanted["signature"])


def hide_password(envelope: etree._Element) -> None:
    """Blank out the password in an envelope that is about to be shown."""
    for element in envelope.iter(f"{{{WSSE}}}Password"):
        element.text = HIDDEN


def verified(backend: Backend, envelope: etree._Element) -> etree._Element:
    """The envelope with what the department has signed and nothing else, if it has to sign; else as it is.

    Raises Unreadable if the signature, its certificate or its time is not right, MissingSecret if ours is missing.
    """
    if "verify" not in backend.settings.get("wsse", {}):
        return envelope
    certificate = _certificate(backend.settings["wsse"]["verify"])
    namespace = etree.QName(envelope).namespace
    location = f"./{{{namespace}}}Header/{{{WSSE}}}Security/"
    expected = SignatureConfiguration(location=location, expect_references=True)
    try:
        results = XMLVerifier().verify(
            envelope, x509_cert=certificate, id_attribute="Id", expect_config=expected
        )  # id_attribute is a local name: it finds wsu:Id (SMS section 4.2)
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise Unreadable(f"its signature is not valid ({type(error).__name__})") from error
    assert isinstance(results, list)
    parts = {str(result.signed_xml.tag): result.signed_xml for result in results if result.signed_xml is not None}
    if f"{{{namespace}}}Body" not in parts or f"{{{WSU}}}Timestamp" not in parts:
        raise Unreadable("its body or its time is not signed")
    _check_time(parts[f"{{{WSU}}}Timestamp"])
    trusted = etree.Element(envelope.tag, nsmap=envelope.nsmap)
    trusted.append(parts[f"{{{namespace}}}Body"])
    return trusted


def _header(envelope: etree._Element) -> etree._Element:
    """A new wsse:Security, which the receiver has to understand (SMS section 5)."""
    namespace = etree.QName(envelope).namespace
    header = envelope.find(f"{{{namespace}}}Header")
    if header is None:
        header = etree.Element(f"{{{namespace}}}Header")
        envelope.insert(0, header)
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    security.set(f"{{{namespace}}}mustUnderstand", "1")
    return security


def _timestamp(header: etree._Element, now: datetime) -> etree._Element:
    """SMS section 10."""
    timestamp = etree.SubElement(header, f"{{{WSU}}}Timestamp")
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = _written(now)
    etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = _written(now + LIFETIME)
    return timestamp


def _username_token(header: etree._Element, wanted: dict[str, str], password: str, now: datetime) -> etree._Element:
    """UTP section 3.1. The digest is Base64(SHA-1(nonce + created + password)); SHA-1 is the profile's, not ours."""
    token = etree.SubElement(header, f"{{{WSSE}}}UsernameToken")
    etree.SubElement(token, f"{{{WSSE}}}Username").text = wanted["username"]
    nonce, created = secrets.token_bytes(16), _written(now)
    kind, said = "PasswordText", password
    if wanted.get("password_type", "digest") == "digest":
        digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
        kind, said = "PasswordDigest", base64.b64encode(digest).decode()
    etree.SubElement(token, f"{{{WSSE}}}Password", Type=f"{USERNAME_PROFILE}#{kind}").text = said
    etree.SubElement(token, f"{{{WSSE}}}Nonce", EncodingType=BASE64).text = base64.b64encode(nonce).decode()
    etree.SubElement(token, f"{{{WSU}}}Created").text = created
    return token


def _sign(
    envelope: etree._Element, header: etree._Element, parts: list[etree._Element], wanted: dict[str, str]
) -> None:
    """XTP sections 3.1 and 3.2: the certificate as a wsse:BinarySecurityToken, referred to from ds:KeyInfo."""
    key, certificate = _key(wanted["key"]), _certificate(wanted["certificate"])
    token = etree.SubElement(header, f"{{{WSSE}}}BinarySecurityToken", EncodingType=BASE64, ValueType=X509_V3)
    token.text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    key_info = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS, "wsse": WSSE})
    reference = etree.SubElement(key_info, f"{{{WSSE}}}SecurityTokenReference")
    etree.SubElement(reference, f"{{{WSSE}}}Reference", URI=f"#{_named(token)}", ValueType=X509_V3)
    signer = XMLSigner(
        method=SignatureConstructionMethod.detached,
        signature_algorithm=SignatureMethod.RSA_SHA256
        if isinstance(key, rsa.RSAPrivateKey)
        else SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,  # SMS section 8.1
    )
    names = [f"#{_named(part)}" for part in parts]
    header.append(signer.sign(envelope, key=key, key_info=key_info, reference_uri=names, id_attribute="Id"))


def _named(element: etree._Element) -> str:
    """Gives the element a wsu:Id (SMS section 4.2)."""
    name = f"id-{secrets.token_hex(16)}"
    element.set(f"{{{WSU}}}Id", name)
    return name


def _check_time(timestamp: etree._Element) -> None:
    """An answer of another day, however well signed, is none to this request."""
    now = datetime.now(UTC)
    try:
        created = datetime.fromisoformat(timestamp.findtext(f"{{{WSU}}}Created", ""))
        expires = datetime.fromisoformat(
            timestamp.findtext(f"{{{WSU}}}Expires", "") or (created + LIFETIME).isoformat()
        )
        is_good = created - LIFETIME <= now <= expires + LIFETIME and now - created <= 2 * LIFETIME
    except (ValueError, TypeError) as error:  # no time, or one without a zone
        raise Unreadable("its time cannot be read") from error
    if not is_good:
        raise Unreadable("it was not signed just now")


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _secret(name: str) -> str:
    value = os.environ.get(name, "") if name else ""
    if not value:
        raise MissingSecret(f"the environment variable {name or '(none is named)'} is not set")
    return value


def _pem(name: str) -> bytes:
    """Line ends may be written as backslash and n, as many secret stores do."""
    return _secret(name).replace("\\n", "\n").encode()


def _key(name: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        key = _loaded_key(_pem(name))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MissingSecret(f"the environment variable {name} holds no private key") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise MissingSecret(f"the environment variable {name} holds no RSA or EC key")
    return key


@lru_cache(maxsize=64)
def _loaded_key(pem: bytes) -> object:
    """Loading an RSA key checks it, which takes longer than all the rest of a signature."""
    return load_pem_private_key(pem, password=None)


def _certificate(name: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_pem(name))
    except ValueError as error:
        raise MissingSecret(f"the environment variable {name} holds no certificate") from error
