"""The SOAP 1.1 face of a department. On purpose it is not idempotent: what is sent twice is filed twice."""

from collections.abc import Mapping

from aiohttp import web
from lxml import etree

from services.twins import wsdl
from services.twins.answers import Answer, Submission
from services.twins.catalogue import Backend
from services.twins.floor import FLOOR, Floor, is_receipt, now

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


class Fault(Exception):
    """Ends a call with a SOAP fault; the message is its faultstring."""

    def __init__(self, text: str, *, status: int = 500, code: str = "soap:Client", detail: Answer | None = None):
        super().__init__(text)
        self.status = status
        self.code = code
        self.detail = detail


async def describe(request: web.Request) -> web.Response:
    """The WSDL, for ?wsdl in any case of letters."""
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "soap")
    if not asks_for_wsdl(request):
        raise web.HTTPMethodNotAllowed("GET", ["POST"], reason="Post an envelope here, or add ?wsdl")
    document = wsdl.render(backend.code, floor.address_of(backend) + "service")
    return web.Response(body=document, content_type="text/xml", charset="utf-8")


def asks_for_wsdl(request: web.Request) -> bool:
    return request.method == "GET" and any(name.lower() == "wsdl" for name in request.query)


async def call(request: web.Request) -> web.Response:
    floor = request.app[FLOOR]
    backend = floor.backend_for(request, "soap")
    body = await request.read()
    try:
        operation = read_operation(body, backend)
        return reply(answer_call(floor, backend, operation, body))
    except Fault as fault:
        return fault_reply(backend, fault)


def read_operation(body: bytes, backend: Backend) -> etree._Element:
    """The one child of soap:Body. No document type is read: entities and outside files stay out."""
    if b"<!DOCTYPE" in body or b"\0" in body:
        raise Fault("A document type or a text other than UTF-8 is not accepted.", status=400)
    # The encoding is ours, not the document's: in another one a document type could pass the line above.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise Fault("The envelope is not well-formed XML in UTF-8.", status=400) from None
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise Fault("This is not a SOAP 1.1 envelope.", status=400)
    operations = root.findall(f"{{{ENVELOPE}}}Body/*")
    if len(operations) != 1 or etree.QName(operations[0]).namespace != wsdl.namespace_of(backend.code):
        raise Fault("soap:Body must hold one operation of this service.")
    return operations[0]


def answer_call(floor: Floor, backend: Backend, operation: etree._Element, body: bytes) -> etree._Element:
    """Do what the operation asks; returns its response element, or raises Fault."""
    name = etree.QName(operation).localname
    namespace = wsdl.namespace_of(backend.code)
    response = etree.Element(f"{{{namespace}}}{name}Response", nsmap={None: namespace})
    if name == "Ping":
        etree.SubElement(response, f"{{{namespace}}}Status").text = "up"
        return response
    receipt = text_of(operation, "ReceiptNo")
    if not is_receipt(receipt):
        raise Fault("ReceiptNo is missing or not a receipt number.")
    if name == "FindByReceipt":
        answer = floor.ledger.first_answer(backend.code, receipt)
        etree.SubElement(response, f"{{{namespace}}}Found").text = "false" if answer is None else "true"
        add_answer(response, answer or {})
        return response
    if name not in wsdl.OPERATIONS:
        raise Fault(f"There is no operation {name}.")
    add_answer(response, file(floor, backend, operation, receipt, body))
    return response


def file(floor: Floor, backend: Backend, operation: etree._Element, receipt: str, body: bytes) -> Answer:
    name = etree.QName(operation).localname
    submission = Submission(
        backend=backend,
        receipt=receipt,
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


def add_answer(response: etree._Element, answer: Answer) -> None:
    """Append the answer's elements in the order of the schema."""
    namespace = etree.QName(response).namespace
    refusal = {"refusalCode": answer.get("reasonCode"), "refusalReason": answer.get("reason")}
    for name, _, _ in wsdl.ANSWER_ELEMENTS + wsdl.REFUSAL_ELEMENTS:
        value = answer.get(first_lower(name), refusal.get(first_lower(name)))
        if isinstance(value, list):
            add_records(etree.SubElement(response, f"{{{namespace}}}{name}"), value)
        elif value is not None:
            etree.SubElement(response, f"{{{namespace}}}{name}").text = str(value)


def add_records(parent: etree._Element, records: list[dict[str, str]]) -> None:
    namespace = etree.QName(parent).namespace
    for record in records:
        element = etree.SubElement(parent, f"{{{namespace}}}Record")
        etree.SubElement(element, f"{{{namespace}}}Title").text = record["title"]
        etree.SubElement(element, f"{{{namespace}}}Value").text = record["value"]


def fault_reply(backend: Backend, fault: Fault) -> web.Response:
    element = etree.Element(f"{{{ENVELOPE}}}Fault", nsmap={"soap": ENVELOPE})
    etree.SubElement(element, "faultcode").text = fault.code
    etree.SubElement(element, "faultstring").text = str(fault)
    if fault.detail is not None:
        namespace = wsdl.namespace_of(backend.code)
        detail = etree.SubElement(element, "detail")
        refusal = etree.SubElement(detail, f"{{{namespace}}}Refusal", nsmap={None: namespace})
        field = str(fault.detail["field"])
        texts = {
            "ReasonCode": fault.detail["reasonCode"],
            "Field": field[:1].upper() + field[1:],
            "Reason": fault,
        }
        for name, text in texts.items():
            etree.SubElement(refusal, f"{{{namespace}}}{name}").text = str(text)
    return reply(element, status=fault.status)


def reply(content: etree._Element, status: int = 200) -> web.Response:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(content)
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return web.Response(body=body, status=status, content_type="text/xml", charset="utf-8")


def first_lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def routes() -> list[web.RouteDef]:
    return [web.get("/{backend}/service", describe), web.post("/{backend}/service", call)]
