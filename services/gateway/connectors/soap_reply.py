"""Reading an answer's envelope: SOAP 1.1 or 1.2, a result or a fault, and what a fault means for the call.

SOAP 1.1: W3C Note of 8 May 2000. SOAP 1.2: W3C Recommendation, Part 1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from services.gateway import mapping

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
# A 1.2 code in the words of 1.1, so that one answer map and one table of faults serve both: 1.2 part 1, section
# 5.4.6, and 1.1 section 4.4.1, where a more exact code follows a more general one after a dot.
IN_WORDS_OF_11 = {"Sender": "Client", "Receiver": "Server"}
MAX_REASON_CHARS = 500
IN_DOUBT = "in_doubt"
FAULT_OUTCOMES = ("retry", "rejected", IN_DOUBT)
FAULTS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "maxItems": 100,
    "description": "what a fault means that no rule of an answer map is about; the first entry that fits counts",
    "items": {
        "type": "object",
        "properties": {
            "code": {
                "type": "string",
                "pattern": r"^(\*|[A-Za-z_][\w-]*(\.[\w-]+)*(\.\*)?)$",
                "maxLength": 100,
                "description": "without prefix; Client.* is Client and all below it, * is any. Sender and Receiver "
                "of SOAP 1.2 are Client and Server, subcodes follow after dots",
            },
            "detail": {"type": "string", "maxLength": 100, "description": "name of the first element in the detail"},
            "outcome": {"enum": list(FAULT_OUTCOMES), "description": "retry only if nothing can have been filed"},
            "quote": {"type": "boolean", "description": "its text is written for people: show it to them"},
        },
        "required": ["code", "outcome"],
        "additionalProperties": False,
    },
}


class Unreadable(Exception):
    """Not an envelope with a body, or one that nobody should read. The message is technical, without contents."""


def parse(content: bytes) -> etree._Element:
    """The envelope. Raises Unreadable. No document type, entity or outside file is accepted, no depth beyond 256."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("no XML") from error
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None or info.externalDTD is not None:
        raise Unreadable("a document type")
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in {SOAP_11, SOAP_12}:
        raise Unreadable("no envelope")
    body_of(root)
    return root


def body_of(envelope: etree._Element) -> etree._Element:
    """Its soap:Body; raises Unreadable unless there is one."""
    bodies = envelope.findall(f"{{{etree.QName(envelope).namespace}}}Body")
    if len(bodies) != 1:
        raise Unreadable("no body")
    return bodies[0]


def only_child(envelope: etree._Element) -> etree._Element | None:
    """The one child of the body (WS-I Basic Profile 1.1, R1014 and R2201); raises Unreadable for more than one.

    That also keeps out SOAP encoding, whose references can make a small answer grow without end.
    """
    children = list(body_of(envelope))
    if len(children) > 1 or any("id" in child.attrib for child in children):
        raise Unreadable("more than one element in the body, or SOAP encoding")
    return children[0] if children else None


def fault_in(envelope: etree._Element) -> dict[str, Any] | None:
    """The fault as answer maps see it: {"code", "text", "detail"}; None if the body holds none."""
    namespace = etree.QName(envelope).namespace
    fault = body_of(envelope).find(f"{{{namespace}}}Fault")
    if fault is None:
        return None
    if namespace == SOAP_11:
        code, text, detail = (_child(fault, name) for name in ("faultcode", "faultstring", "detail"))
        return {"code": _text(code), "text": _text(text), "detail": _detail(detail)}
    reason = _child(fault, "Reason")
    return {
        "code": ".".join(_codes_12(_child(fault, "Code"))),
        "text": _text(_child(reason, "Text")),
        "detail": _detail(_child(fault, "Detail")),
    }


def _codes_12(code: etree._Element | None) -> list[str]:
    """Section 5.4.1: the value, and the values of the subcodes within each other; without prefixes."""
    codes: list[str] = []
    while code is not None:
        codes.append(_text(_child(code, "Value")).rpartition(":")[2])
        code = _child(code, "Subcode")
    return [IN_WORDS_OF_11.get(codes[0], codes[0]), *codes[1:]] if codes else [""]


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    """By local name: 1.1 wants its children without a namespace, and not every server knows that."""
    return None if element is None else element.find(f"{{*}}{name}")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _detail(element: etree._Element | None) -> Any:
    return None if element is None else plain(element)


def plain(element: etree._Element) -> Any:
    """An element as nested dictionaries by local name, the first child of a name winning."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in children:
        found.setdefault(etree.QName(child).localname, plain(child))
    return found


def judge(table: Sequence[Mapping[str, Any]], fault: Mapping[str, Any]) -> mapping.Reading | None:
    """What the first entry of a backend's table that fits makes of a fault: a FAULT_OUTCOMES; None if none fits."""
    code = fault["code"].rpartition(":")[2]
    detail = next(iter(fault["detail"]), "") if isinstance(fault["detail"], dict) else ""
    for entry in table:
        if _fits(entry["code"], code) and entry.get("detail", detail) == detail:
            shown = {"reason": fault["text"][:MAX_REASON_CHARS]} if entry.get("quote") and fault["text"] else {}
            return mapping.Reading(entry["outcome"], mapping.NO_RULE, shown)
    return None


def _fits(pattern: str, code: str) -> bool:
    general, dot, rest = pattern.partition(".")
    pattern = IN_WORDS_OF_11.get(general, general) + dot + rest
    if pattern.endswith("*"):
        stem = pattern.removesuffix("*").removesuffix(".")
        return not stem or code == stem or code.startswith(stem + ".")
    return code == pattern


def code_shown(fault: Mapping[str, Any]) -> str:
    """Its code, for a log: whatever a department writes there, only what a code may be made of."""
    return re.sub(r"[^\w.:-]", "", fault["code"], flags=re.ASCII)[:80]
