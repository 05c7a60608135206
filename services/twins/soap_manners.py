"""How a SOAP department behaves beyond its mode: the fault it gives, the harm it does, whom it lets in.

`POST /_twins/{backend}/soap` with a JSON object of the names below sets all of them; what is left out is as it was
at the beginning.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta

from aiohttp import web
from cryptography import x509
from lxml import etree

from services.twins import soap_guard
from services.twins.floor import FLOOR
from services.twins.problems import problem
from services.twins.soap_envelope import Fault
from services.twins.soap_faces import FACES, Face

LONGEST = 20_000  # characters of a setting
DOCTYPE_LAUGHS = "<!DOCTYPE x [<!ENTITY l0 'ha'>{}]>".format(
    "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
)
DOCTYPE_FILE = "<!DOCTYPE x [<!ENTITY file SYSTEM 'file:///etc/passwd'>]>"
ENVELOPE = '<soap:Envelope xmlns:soap="{}"><soap:Body>{}</soap:Body></soap:Envelope>'
# A reference of SOAP encoding to what holds ten references, and so on.
MULTIREF = '<x><a href="#m9"/></x>{}'.format(
    "".join(f'<m id="m{n}">{f"""<a href="#m{n - 1}"/>""" * 10}</m>' for n in range(1, 10))
)


def _deep(face: Face) -> bytes:
    return ENVELOPE.format(face.envelope, "<d>" * 50_000 + "</d>" * 50_000).encode()


HOSTILE_ANSWERS: dict[str, Callable[[Face], bytes]] = {
    "entities": lambda face: (DOCTYPE_LAUGHS + ENVELOPE.format(face.envelope, "<x>&l11;</x>")).encode(),
    "external": lambda face: (DOCTYPE_FILE + ENVELOPE.format(face.envelope, "<x>&file;</x>")).encode(),
    "utf-16": lambda face: (DOCTYPE_LAUGHS + ENVELOPE.format(face.envelope, "<x>&l11;</x>")).encode("utf-16"),
    "large": lambda face: ENVELOPE.format(face.envelope, f"<x>{'large ' * 350_000}</x>").encode(),
    "deep": _deep,
    "multiref": lambda face: ENVELOPE.format(face.envelope, MULTIREF).encode(),
    "empty": lambda face: ENVELOPE.format(face.envelope, "").encode(),
    "two bodies": lambda face: ENVELOPE.format(face.envelope, "</soap:Body><soap:Body>").encode(),
    "other words": lambda face: ENVELOPE.format(face.envelope, '<y xmlns="urn:y"><z>1</z></y>').encode(),
}
HOSTILE_SIGNATURES = ("unsigned", "changed", "late", "body not signed", "wrapped")
HOSTILE_DOCUMENTS = ("wsdl entities", "wsdl elsewhere", "wsdl file", "wsdl port", "wsdl page")
HARM = (*HOSTILE_ANSWERS, *HOSTILE_SIGNATURES, *HOSTILE_DOCUMENTS)


@dataclass
class Manners:
    fault_code: str = ""  # answered instead of doing anything; a 1.1 code such as soap:Server.Busy
    fault_text: str = ""
    fault_status: int = 500
    harm: str = ""  # one of HARM
    username: str = "ferry"
    password: str = "ferry-twin"  # noqa: S105  # of a demonstration
    certificate: str = ""  # PEM: of whoever may sign
    nonces: set[str] = field(default_factory=set)

    def check(self, face: Face, envelope: etree._Element) -> None:
        """Let in whom the face's guard lets in; raises Fault."""
        try:
            if face.guard == "token":
                soap_guard.check_token(envelope, self.username, self.password, self.nonces)
            elif face.guard == "signed":
                soap_guard.check_signature(envelope, self.certificate)
        except (ValueError, AttributeError):
            raise Fault("The security header cannot be read.", code="wsse:InvalidSecurity") from None

    def fault(self) -> Fault | None:
        if not self.fault_code:
            return None
        return Fault(self.fault_text, code=self.fault_code, status=self.fault_status)

    def sign(self, envelope: etree._Element) -> None:
        """As the signed face does, unless it is to do harm."""
        if self.harm == "unsigned":
            return
        age = timedelta(hours=1) if self.harm == "late" else timedelta()
        soap_guard.sign(envelope, age=age, leave_out={"body"} if self.harm == "body not signed" else ())
        body = envelope.find("{*}Body")
        if self.harm == "changed":
            next(element for element in body.iter() if element.text).text = "changed"
        if self.harm == "wrapped":  # the signed body is put aside, another one in its place
            other = etree.fromstring(etree.tostring(body))
            other.attrib.clear()
            next(element for element in other.iter() if element.text).text = "changed"
            envelope.replace(body, other)
            etree.SubElement(envelope.find("{*}Header"), "aside").append(body)


MANNERS = web.AppKey("manners", dict[str, Manners])
TEXTS = {each.name for each in fields(Manners) if each.type in (str, "str")}


def manners_of(request: web.Request) -> Manners:
    """Of the backend in the path."""
    return request.app[MANNERS].setdefault(request.match_info["backend"], Manners())


def spoil_document(harm: str, document: bytes, address: str) -> bytes:
    """A WSDL as it should not be; `address` is the backend's own."""
    if harm == "wsdl entities":
        return document.replace(b"<wsdl:definitions", DOCTYPE_LAUGHS.encode() + b"<wsdl:definitions", 1)
    if harm == "wsdl port":
        return document.replace(address.encode(), b"http://127.0.0.2:9/elsewhere/")
    if harm == "wsdl page":
        return b"<!DOCTYPE html><html><body>Sign in</body></html>"
    return document


async def show(request: web.Request) -> web.Response:
    address = request.app[FLOOR].address_of(request.app[FLOOR].backend_for(request, "soap"))
    manners = manners_of(request)
    shown = {name: getattr(manners, name) for name in (*sorted(TEXTS), "fault_status")}
    faces = {face.name or "plain": f"{address}{face.path}service?wsdl" for face in FACES.values()}
    return web.json_response({**shown, "faces": faces, "own_certificate": soap_guard.own_certificate()})


async def change(request: web.Request) -> web.Response:
    request.app[FLOOR].backend_for(request, "soap")
    try:
        request.app[MANNERS][request.match_info["backend"]] = _read(await request.read())
    except ValueError as error:
        return problem(400, str(error))
    return await show(request)


def _read(body: bytes) -> Manners:
    """Raises ValueError, which says what is wrong."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("The body must be JSON.") from None
    if not isinstance(document, dict) or document.keys() - {*TEXTS, "fault_status"}:
        raise ValueError(f"Give an object with any of {', '.join(sorted(TEXTS))} and fault_status.")
    for name in TEXTS & document.keys():
        if not isinstance(document[name], str) or len(document[name]) > LONGEST:
            raise ValueError(f"{name} must be a text of at most {LONGEST} characters.")
    if document.get("harm") and document["harm"] not in HARM:
        raise ValueError(f"harm must be one of {', '.join(HARM)}.")
    if document.get("fault_status", 500) not in range(200, 600):
        raise ValueError("fault_status must be an HTTP status.")
    if document.get("certificate"):
        x509.load_pem_x509_certificate(document["certificate"].encode())
    return Manners(**document)


def routes() -> list[web.RouteDef]:
    return [web.get("/_twins/{backend}/soap", show), web.post("/_twins/{backend}/soap", change)]
