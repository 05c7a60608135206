"""The SOAP faces of a department. On purpose they are not idempotent: what is sent twice is filed twice."""

from collections.abc import Mapping

from aiohttp import web
from lxml import etree

from services.twins import soap_manners, wsdl
from services.twins.answers import Answer, Submission
from services.twins.catalogue import Backend
from services.twins.floor import FLOOR, Floor, is_receipt, now
from services.twins.soap_envelope import (
    Fault,
    envelope_of,
    fault_element,
    parse,
    raw_response,
    response,
    status_of,
)
from services.twins.soap_faces import FACES, SOAP_12, Face
from services.twins.soap_manners import HOSTILE_ANSWERS, manners_of

ELSEWHERE = {"wsdl elsewhere": "/_twins/types.xsd", "wsdl file": "file:///etc/passwd"}


def face_of(request: web.Request) -> Face:
    return FACES[request.match_info.get("face", "")]


def asks_for_document(request: web.Request) -> bool:
    """For the WSDL, by ?wsdl in any case of letters, or for a schema that it imports."""
    if request.method != "GET":
        return False
    return request.path.endswith(".xsd") or any(name.lower() == "wsdl" for name in request.query)


async def describe(request: web.Request) -> web.Response:
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "soap")
    if not asks_for_document(request):
        raise web.HTTPMethodNotAllowed("GET", ["POST"], reason="Post an envelope here, or add ?wsdl")
    face, harm, address = face_of(request), manners_of(request).harm, floor.address_of(backend)
    document = wsdl.render(backend.code, address, face, ELSEWHERE.get(harm, "types.xsd"))
    body = soap_manners.spoil_document(harm, document, address)
    return web.Response(body=body, content_type="text/xml", charset="utf-8")


async def schema(request: web.Request) -> web.Response:
    backend = request.app[FLOOR].backend_for(request, "soap")
    body = wsdl.render_schema(backend.code, request.match_info["schema"])
    return web.Response(body=body, content_type="text/xml", charset="utf-8")


async def call(request: web.Request) -> web.Response:
    floor, face, manners = request.app[FLOOR], face_of(request), manners_of(request)
    backend = floor.backend_for(request, "soap")
    body = await request.read()
    try:
        envelope = parse(body, face)
        check_media_type(request, face)
        manners.check(face, envelope)
        if (fault := manners.fault()) is not None:
            raise fault
        name, operation = read_operation(envelope, backend, face, action_in(request, face))
        content = answer_call(floor, backend, face, name, operation, body)
        reply, status = envelope_of(face, content), 200
    except Fault as fault:
        reply = envelope_of(face, fault_element(face, fault, wsdl.namespace_of(backend.code)))
        status = status_of(face, fault)
    if manners.harm in HOSTILE_ANSWERS:
        return raw_response(face, HOSTILE_ANSWERS[manners.harm](face))
    if face.guard == "signed":
        manners.sign(reply)
    return response(face, reply, status)


def check_media_type(request: web.Request, face: Face) -> None:
    if face.envelope == SOAP_12 and request.content_type != "application/soap+xml":  # RFC 3902
        raise Fault("The media type of SOAP 1.2 is application/soap+xml.", status=415)


def action_in(request: web.Request, face: Face) -> str:
    if face.envelope != SOAP_12:
        return request.headers.get("SOAPAction", "").strip('"')
    _, _, action = request.headers.get("Content-Type", "").partition("action=")
    return action.partition(";")[0].strip('" ')


def read_operation(
    envelope: etree._Element, backend: Backend, face: Face, action: str
) -> tuple[str, etree._Element | None]:
    """The operation's name and the element that carries its arguments."""
    bodies = envelope.findall(f"{{{face.envelope}}}Body")
    found = bodies[0].findall("*") if len(bodies) == 1 else []
    if face.style == "bare" and not found and action == wsdl.action_of(backend.code, "Ping"):
        return "Ping", None
    if len(found) != 1 or etree.QName(found[0]).namespace != wsdl.namespace_of(backend.code):
        raise Fault("soap:Body must hold one operation of this service.")
    local = etree.QName(found[0]).localname
    name = next((name for name in wsdl.EVERYTHING if face.request_element(name) == local), local)
    if face.envelope == SOAP_12 and action not in {"", wsdl.action_of(backend.code, name)}:
        raise Fault("The action is that of another operation.")
    if face.style == "rpc" and any(etree.QName(part).namespace for part in found[0]):
        raise Fault("The parts of an rpc message have no namespace.")  # WS-I Basic Profile 1.1, R2735
    return name, found[0]


def answer_call(
    floor: Floor, backend: Backend, face: Face, name: str, operation: etree._Element | None, body: bytes
) -> etree._Element:
    """Do what the operation asks; returns what goes into the body, or raises Fault."""
    namespace = wsdl.namespace_of(backend.code)
    # The wrapper of an rpc message has the namespace and its parts have none, so it cannot be the default one.
    prefix = "tns" if face.style == "rpc" else None
    top = etree.Element(f"{{{namespace}}}{face.answer_element(name)}", nsmap={prefix: namespace})
    if name == "Ping":
        say_up(top, face)
        return top
    assert operation is not None
    receipt = receipt_in(operation)
    if not is_receipt(receipt):
        raise Fault("ReceiptNo is missing or not a receipt number.")
    if name not in wsdl.EVERYTHING:
        raise Fault(f"There is no operation {name}.")
    content = etree.SubElement(top, "Answer") if face.style == "rpc" else top
    if name == "FindByReceipt":
        answer = floor.ledger.first_answer(backend.code, receipt)
        etree.SubElement(content, f"{{{namespace}}}Found").text = "false" if answer is None else "true"
        add_answer(content, namespace, answer or {})
    else:
        add_answer(content, namespace, file(floor, backend, name, operation, body))
    return top


def say_up(top: etree._Element, face: Face) -> None:
    if face.style == "bare":
        top.text = "up"
    else:
        part = "Status" if face.style == "rpc" else f"{{{etree.QName(top).namespace}}}Status"
        etree.SubElement(top, part).text = "up"


def receipt_in(operation: etree._Element) -> str:
    if etree.QName(operation).localname == "ReceiptNo":  # the bare look-up
        return (operation.text or "").strip()
    return text_of(operation, "ReceiptNo")


def file(floor: Floor, backend: Backend, name: str, operation: etree._Element, body: bytes) -> Answer:
    submission = Submission(
        backend=backend,
        receipt=text_of(operation, "ReceiptNo"),
        function=floor.catalogue.function_of(backend.department, text_of(operation, "ServiceCode")),
        action=name.lower(),
        details=details_of(operation),
        received_at=now(),
    )
    answer = floor.file(submission, operation=name, body=body)
    if answer["outcome"] == "REFUSED":
        raise Fault(str(answer["reason"]), detail=answer)
    return answer


def text_of(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def details_of(operation: etree._Element) -> Mapping[str, object]:
    """The submitted fields under their REST names (`PreferredDate` is `preferredDate`)."""
    items = operation.findall("{*}Fields/{*}Item")
    return {first_lower(text_of(item, "Name")): text_of(item, "Value") for item in items}


def add_answer(content: etree._Element, namespace: str, answer: Answer) -> None:
    """Append the answer's elements in the order of the schema."""
    refusal = {"refusalCode": answer.get("reasonCode"), "refusalReason": answer.get("reason")}
    for name, _, _ in wsdl.ANSWER_ELEMENTS + wsdl.REFUSAL_ELEMENTS:
        value = answer.get(first_lower(name), refusal.get(first_lower(name)))
        if isinstance(value, list):
            add_records(etree.SubElement(content, f"{{{namespace}}}{name}"), value)
        elif value is not None:
            etree.SubElement(content, f"{{{namespace}}}{name}").text = str(value)


def add_records(parent: etree._Element, records: list[dict[str, str]]) -> None:
    namespace = etree.QName(parent).namespace
    for record in records:
        element = etree.SubElement(parent, f"{{{namespace}}}Record")
        etree.SubElement(element, f"{{{namespace}}}Title").text = record["title"]
        etree.SubElement(element, f"{{{namespace}}}Value").text = record["value"]


def error_reply(request: web.Request, backend: Backend) -> web.Response:
    """What the mode `error` says."""
    name = request.path.split("/")[2]
    face = FACES.get(name, FACES[""])
    fault = Fault("Internal error", code="soap:Server")
    return response(face, envelope_of(face, fault_element(face, fault, wsdl.namespace_of(backend.code))), 500)


def first_lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def routes() -> list[web.RouteDef]:
    face = f"{{face:{'|'.join(name for name in FACES if name)}}}"
    return [
        *soap_manners.routes(),
        web.get("/{backend}/service", describe),
        web.post("/{backend}/service", call),
        web.get(f"/{{backend}}/{face}/service", describe),
        web.post(f"/{{backend}}/{face}/service", call),
        web.get(f"/{{backend}}/imported/{{schema:{'|'.join(sorted(wsdl.IMPORTED))}}}", schema),
    ]
