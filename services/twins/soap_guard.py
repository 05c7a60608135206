"""WS-Security at a department's door, written from the standard and on lxml and cryptography alone.

On purpose nothing here is shared with the gateway: two readings of the same text that understand each other.
OASIS WSS 1.1: SOAP Message Security (SMS), UsernameToken Profile (UTP), X.509 Certificate Token Profile (XTP).
"""

import base64
import hashlib
import secrets
from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from services.twins.soap_envelope import Fault

OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{OASIS}wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA_256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA_256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA_256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
X509_V3 = f"{OASIS}x509-token-profile-1.0#X509v3"
NAMES = {"wsse": WSSE, "wsu": WSU, "ds": DS}
PATIENCE = timedelta(minutes=5)


def check_token(envelope: etree._Element, username: str, password: str, seen: set[str]) -> None:
    """UTP section 3.1; raises Fault. `seen` are nonces that may not come again."""
    token = _one(envelope, "wsse:UsernameToken")
    _check_fresh(_text(token, "wsu:Created"))
    nonce, said = _text(token, "wsse:Nonce"), _text(token, "wsse:Password")
    if not nonce or nonce in seen:
        raise Fault("The nonce is missing or was used before.", code="wsse:InvalidSecurityToken")
    kind = token.find("wsse:Password", NAMES).get("Type", "").rpartition("#")[2]
    expected = password
    if kind == "PasswordDigest":
        facts = base64.b64decode(nonce) + _text(token, "wsu:Created").encode() + password.encode()
        expected = base64.b64encode(hashlib.sha1(facts, usedforsecurity=False).digest()).decode()
    is_right = secrets.compare_digest(said.encode(), expected.encode())
    if _text(token, "wsse:Username") != username or not is_right:
        raise Fault("The user name or the password is wrong.", code="wsse:FailedAuthentication")
    seen.add(nonce)


def check_signature(envelope: etree._Element, pem: str) -> None:
    """SMS section 8, XTP section 3: the body and the time, signed with the certificate that is known; raises Fault."""
    signature, token = _one(envelope, "ds:Signature"), _one(envelope, "wsse:BinarySecurityToken")
    certificate = x509.load_pem_x509_certificate(pem.encode()) if pem else None
    if certificate is None or base64.b64decode(token.text or "") != certificate.public_bytes(Encoding.DER):
        raise Fault("The certificate is not known here.", code="wsse:FailedAuthentication")
    reference = signature.find("ds:KeyInfo/wsse:SecurityTokenReference/wsse:Reference", NAMES)
    if reference is None or reference.get("URI") != f"#{token.get(f'{{{WSU}}}Id')}":
        raise Fault("The signature refers to another token.", code="wsse:InvalidSecurity")
    signed_info = signature.find("ds:SignedInfo", NAMES)
    try:
        _check_value(certificate.public_key(), signed_info, base64.b64decode(_text(signature, "ds:SignatureValue")))
    except InvalidSignature:
        raise Fault("The signature is wrong.", code="wsse:FailedCheck") from None
    signed = set(_signed_parts(envelope, signed_info))
    body = envelope.find(f"{{{etree.QName(envelope).namespace}}}Body")
    timestamp = _one(envelope, "wsu:Timestamp")
    if body not in signed or timestamp not in signed:
        raise Fault("The body and the time must be signed.", code="wsse:InvalidSecurity")
    _check_fresh(_text(timestamp, "wsu:Created"))


def _check_value(key: object, signed_info: etree._Element, value: bytes) -> None:
    method = signed_info.find("ds:SignatureMethod", NAMES).get("Algorithm")
    text = _canonical(signed_info)
    if isinstance(key, rsa.RSAPublicKey) and method == RSA_SHA_256:
        key.verify(value, text, padding.PKCS1v15(), SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey) and method == ECDSA_SHA_256:
        half = len(value) // 2  # RFC 4050 section 3.3: r and s side by side
        numbers = int.from_bytes(value[:half]), int.from_bytes(value[half:])
        key.verify(encode_dss_signature(*numbers), text, ec.ECDSA(SHA256()))
    else:
        raise Fault("This signature method is not known here.", code="wsse:UnsupportedAlgorithm")


def _signed_parts(envelope: etree._Element, signed_info: etree._Element) -> Iterator[etree._Element]:
    for reference in signed_info.findall("ds:Reference", NAMES):
        name = reference.get("URI", "").removeprefix("#")
        found = [element for element in envelope.iter() if element.get(f"{{{WSU}}}Id") == name]
        transforms = [each.get("Algorithm") for each in reference.findall("ds:Transforms/ds:Transform", NAMES)]
        method = reference.find("ds:DigestMethod", NAMES).get("Algorithm")
        if len(found) != 1 or transforms != [EXCLUSIVE] or method != SHA_256:
            raise Fault("A reference cannot be followed.", code="wsse:InvalidSecurity")
        if _digest(found[0]) != _text(reference, "ds:DigestValue"):
            raise Fault("What was signed has changed.", code="wsse:FailedCheck")
        yield found[0]


@cache
def own_key() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """The department's own, new in each process: whoever wants to check its answers asks for the certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "twin")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - PATIENCE)
    return key, builder.not_valid_after(now + timedelta(days=365)).sign(key, SHA256())


def own_certificate() -> str:
    return own_key()[1].public_bytes(Encoding.PEM).decode()


def sign(envelope: etree._Element, *, age: timedelta = timedelta(), leave_out: Container[str] = ()) -> None:
    """Sign an answer's body and time; with what is left out or late, for callers who should notice."""
    namespace = etree.QName(envelope).namespace
    header = etree.Element(f"{{{namespace}}}Header")
    envelope.insert(0, header)
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
    created = datetime.now(UTC) - age
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = (created + PATIENCE).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = etree.SubElement(security, f"{{{DS}}}Signature", nsmap={"ds": DS})
    signed_info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(signed_info, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
    etree.SubElement(signed_info, f"{{{DS}}}SignatureMethod", Algorithm=RSA_SHA_256)
    parts = {"time": timestamp, "body": envelope.find(f"{{{namespace}}}Body")}
    for name, part in parts.items():
        if name in leave_out:
            continue
        part.set(f"{{{WSU}}}Id", name)
        reference = etree.SubElement(signed_info, f"{{{DS}}}Reference", URI=f"#{name}")
        transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=EXCLUSIVE)
        etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=SHA_256)
        etree.SubElement(reference, f"{{{DS}}}DigestValue").text = _digest(part)
    value = own_key()[0].sign(_canonical(signed_info), padding.PKCS1v15(), SHA256())
    etree.SubElement(signature, f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()


def _canonical(element: etree._Element) -> bytes:
    canonical: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return canonical


def _digest(element: etree._Element) -> str:
    return base64.b64encode(hashlib.sha256(_canonical(element)).digest()).decode()


def _one(envelope: etree._Element, name: str) -> etree._Element:
    """A part of the one wsse:Security header; raises Fault."""
    header = f"{{{etree.QName(envelope).namespace}}}Header"
    found = envelope.findall(f"{header}/wsse:Security/{name}", NAMES)
    if len(found) != 1:
        raise Fault(f"{name.partition(':')[2]} is missing.", code="wsse:InvalidSecurity")
    return found[0]


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path, namespaces=NAMES) or "").strip()


def _check_fresh(created: str) -> None:
    try:
        moment = datetime.fromisoformat(created)
        is_fresh = abs(datetime.now(UTC) - moment) <= PATIENCE
    except (ValueError, TypeError):
        is_fresh = False
    if not is_fresh:
        raise Fault("The message is not of now.", code="wsse:MessageExpired")
