"""Envelopes of SOAP 1.1 and 1.2 as a department reads and writes them."""

from aiohttp import web
from lxml import etree

from services.twins.answers import Answer
from services.twins.soap_faces import SOAP_12, Face

CODES_12 = {"Client": "Sender", "Server": "Receiver"}
CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}


class Fault(Exception):
    """Ends a call with a SOAP fault; the message is its text. `code` is a 1.1 code, more exact parts after dots."""

    def __init__(
        self,
        text: str,
        *,
        status: int = 500,
        code: str = "soap:Client",
        detail: Answer | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.detail = detail


def parse(body: bytes, face: Face) -> etree._Element:
    """The envelope; raises Fault. No document type is read: entities and outside files stay out."""
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
    if root.tag != f"{{{face.envelope}}}Envelope":
        raise Fault(f"This is not a SOAP {face.version} envelope.", status=400)
    return root


def envelope_of(face: Face, content: etree._Element | None) -> etree._Element:
    envelope = etree.Element(f"{{{face.envelope}}}Envelope", nsmap={"soap": face.envelope})
    body = etree.SubElement(envelope, f"{{{face.envelope}}}Body")
    if content is not None:
        body.append(content)
    return envelope


def response(face: Face, envelope: etree._Element, status: int = 200) -> web.Response:
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return raw_response(face, body, status)


def raw_response(face: Face, body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type=CONTENT_TYPES[face.version], charset="utf-8")


def fault_element(face: Face, fault: Fault, namespace: str) -> etree._Element:
    """`namespace` is the department's own, for the detail and for subcodes."""
    build = _fault_12 if face.envelope == SOAP_12 else _fault_11
    return build(fault, _detail(fault, namespace), namespace)


def status_of(face: Face, fault: Fault) -> int:
    """SOAP 1.2 part 2, table 20: 400 where the sender is at fault; 1.1 always says 500 to what it could read."""
    if face.envelope == SOAP_12 and fault.status == 500 and fault.code.startswith("soap:Client"):
        return 400
    return fault.status


def _fault_11(fault: Fault, detail: etree._Element | None, namespace: str) -> etree._Element:
    element = etree.Element(f"{{{Face().envelope}}}Fault", nsmap={"soap": Face().envelope})
    etree.SubElement(element, "faultcode").text = fault.code
    etree.SubElement(element, "faultstring").text = str(fault)
    if detail is not None:
        etree.SubElement(element, "detail").append(detail)
    return element


def _fault_12(fault: Fault, detail: etree._Element | None, namespace: str) -> etree._Element:
    element = etree.Element(f"{{{SOAP_12}}}Fault", nsmap={"soap": SOAP_12, "tns": namespace})
    general, *exact = fault.code.rpartition(":")[2].split(".")
    if general not in CODES_12:
        general, exact = "Client", [general, *exact]
    code = etree.SubElement(element, f"{{{SOAP_12}}}Code")
    etree.SubElement(code, f"{{{SOAP_12}}}Value").text = f"soap:{CODES_12[general]}"
    for name in exact:
        code = etree.SubElement(code, f"{{{SOAP_12}}}Subcode")
        etree.SubElement(code, f"{{{SOAP_12}}}Value").text = f"tns:{name}"
    text = etree.SubElement(etree.SubElement(element, f"{{{SOAP_12}}}Reason"), f"{{{SOAP_12}}}Text")
    text.text = str(fault)
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    if detail is not None:
        etree.SubElement(element, f"{{{SOAP_12}}}Detail").append(detail)
    return element


def _detail(fault: Fault, namespace: str) -> etree._Element | None:
    if fault.detail is None:
        return None
    refusal = etree.Element(f"{{{namespace}}}Refusal", nsmap={None: namespace})
    field = str(fault.detail["field"])
    texts = {
        "ReasonCode": fault.detail["reasonCode"],
        "Field": field[:1].upper() + field[1:],
        "Reason": fault,
    }
    for name, text in texts.items():
        etree.SubElement(refusal, f"{{{namespace}}}{name}").text = str(text)
    return refusal
