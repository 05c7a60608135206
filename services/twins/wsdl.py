"""The WSDL of a SOAP twin, for each of its faces; one namespace per backend, the same types everywhere."""

from collections.abc import Iterable
from functools import cache

from services.twins.soap_faces import FACES, SOAP_12, Face

OPERATIONS = ("Apply", "Renew", "Register", "Pay", "Book", "Enquire", "Report", "Declare", "Appeal")

# The elements of an answer in the order of the schema: name, type, whether it is always there.
ANSWER_ELEMENTS = (
    ("Outcome", "xsd:string", True),
    ("ReceiptNo", "xsd:string", True),
    ("CaseNo", "xsd:string", True),
    ("ReplyBy", "xsd:string", False),
    ("Amount", "xsd:string", False),
    ("PaidAt", "xsd:string", False),
    ("Date", "xsd:string", False),
    ("Time", "xsd:string", False),
    ("Place", "xsd:string", False),
    ("Records", "tns:Records", False),
)
REFUSAL_ELEMENTS = (("RefusalCode", "xsd:string", False), ("RefusalReason", "xsd:string", False))

COMMON_TYPES = """\
      <xsd:complexType name="Item">
        <xsd:sequence>
          <xsd:element name="Name" type="xsd:string"/>
          <xsd:element name="Value" type="xsd:string"/>
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Items">
        <xsd:sequence>
          <xsd:element name="Item" type="tns:Item" minOccurs="0" maxOccurs="unbounded"/>
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Record">
        <xsd:sequence>
          <xsd:element name="Title" type="xsd:string"/>
          <xsd:element name="Value" type="xsd:string"/>
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Records">
        <xsd:sequence>
          <xsd:element name="Record" type="tns:Record" minOccurs="0" maxOccurs="unbounded"/>
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Submission">
        <xsd:sequence>
          <xsd:element name="ReceiptNo" type="xsd:string"/>
          <xsd:element name="ServiceCode" type="xsd:string"/>
          <xsd:element name="SubmittedAt" type="xsd:dateTime"/>
          <xsd:element name="Applicant" type="tns:Items" minOccurs="0"/>
          <xsd:element name="Fields" type="tns:Items"/>
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Answer">
        <xsd:sequence>
{answer}
        </xsd:sequence>
      </xsd:complexType>
      <xsd:complexType name="Finding">
        <xsd:sequence>
          <xsd:element name="Found" type="xsd:boolean"/>
{found}
        </xsd:sequence>
      </xsd:complexType>
"""
ELEMENTS = """\
      <xsd:element name="Refusal">
        <xsd:complexType>
          <xsd:sequence>
            <xsd:element name="ReasonCode" type="xsd:string"/>
            <xsd:element name="Field" type="xsd:string" minOccurs="0"/>
            <xsd:element name="Reason" type="xsd:string"/>
          </xsd:sequence>
        </xsd:complexType>
      </xsd:element>
"""
WRAPPED_ELEMENTS = """\
      <xsd:element name="FindByReceipt">
        <xsd:complexType>
          <xsd:sequence><xsd:element name="ReceiptNo" type="xsd:string"/></xsd:sequence>
        </xsd:complexType>
      </xsd:element>
      <xsd:element name="FindByReceiptResponse" type="tns:Finding"/>
      <xsd:element name="Ping"><xsd:complexType><xsd:sequence/></xsd:complexType></xsd:element>
      <xsd:element name="PingResponse">
        <xsd:complexType>
          <xsd:sequence><xsd:element name="Status" type="xsd:string"/></xsd:sequence>
        </xsd:complexType>
      </xsd:element>
"""
# Bare: one element a message, of whatever type; what asks for nothing has none at all.
BARE_ELEMENTS = """\
      <xsd:element name="ReceiptNo" type="xsd:string"/>
      <xsd:element name="FindByReceiptAnswer" type="tns:Finding"/>
      <xsd:element name="PingAnswer" type="xsd:string"/>
"""
ELEMENT_PAIR = """\
      <xsd:element name="{asking}" type="tns:Submission"/>
      <xsd:element name="{answering}" type="tns:Answer"/>
"""
SUBMISSION_PARTS = """\
<wsdl:part name="ReceiptNo" type="xsd:string"/><wsdl:part name="ServiceCode" type="xsd:string"/>
    <wsdl:part name="SubmittedAt" type="xsd:dateTime"/><wsdl:part name="Applicant" type="tns:Items"/>
    <wsdl:part name="Fields" type="tns:Items"/>"""
MESSAGES = """\
  <wsdl:message name="{name}Request">{asking}</wsdl:message>
  <wsdl:message name="{name}Response">{answering}</wsdl:message>
"""
PORT_OPERATION = """\
    <wsdl:operation name="{name}">
      <wsdl:input message="tns:{name}Request"/>
      <wsdl:output message="tns:{name}Response"/>{fault}
    </wsdl:operation>
"""
BINDING_OPERATION = """\
    <wsdl:operation name="{name}">
      <{soap}:operation soapAction="{action}"/>
      <wsdl:input><{soap}:body use="literal"{namespace}/></wsdl:input>
      <wsdl:output><{soap}:body use="literal"{namespace}/></wsdl:output>{fault}
    </wsdl:operation>
"""
PORT_FAULT = '\n      <wsdl:fault name="Refusal" message="tns:Refusal"/>'
BINDING_FAULT = '\n      <wsdl:fault name="Refusal"><{soap}:fault name="Refusal" use="literal"/></wsdl:fault>'
BINDING = """\
  <wsdl:binding name="Counter{kind}" type="tns:Counter">
    <{soap}:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
{operations}  </wsdl:binding>
"""
PORT = """\
    <wsdl:port name="CounterPort{number}" binding="tns:Counter{kind}">
      <{soap}:address location="{location}"/>
    </wsdl:port>
"""
SCHEMA = """\
    <xsd:schema targetNamespace="{namespace}" elementFormDefault="qualified" xmlns:tns="{namespace}"
        xmlns:xsd="http://www.w3.org/2001/XMLSchema">
{content}    </xsd:schema>
"""
IMPORT = """\
    <xsd:schema><xsd:import namespace="{namespace}" schemaLocation="{where}"/></xsd:schema>
"""
DEFINITIONS = """\
<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="{code}" targetNamespace="{namespace}" xmlns:tns="{namespace}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>
{types}  </wsdl:types>
{messages}  <wsdl:message name="Refusal"><wsdl:part name="detail" element="tns:Refusal"/></wsdl:message>
  <wsdl:portType name="Counter">
{port_operations}  </wsdl:portType>
{bindings}  <wsdl:service name="CounterService">
{ports}  </wsdl:service>
</wsdl:definitions>
"""
EVERYTHING = (*OPERATIONS, "FindByReceipt", "Ping")
IMPORTED = {"types.xsd", "common.xsd"}  # the documents beside the WSDL of the face that imports


def namespace_of(backend_code: str) -> str:
    return f"urn:ferry:twin:{backend_code}"


def action_of(backend_code: str, operation: str) -> str:
    return f"{namespace_of(backend_code)}:{operation}"


@cache
def render(backend_code: str, address: str, face: Face, types_at: str = "types.xsd") -> bytes:
    """The WSDL; codes are slugs and the backend's address is our own, so nothing needs escaping."""
    namespace = namespace_of(backend_code)
    content = _common() + _elements_of(face)
    if face.imports:
        types = IMPORT.format(namespace=namespace, where=types_at)
    else:
        types = SCHEMA.format(namespace=namespace, content=content)
    # As many servers do, the one that speaks 1.2 offers 1.1 first, at another address.
    bound = [FACES[""], face] if face.envelope == SOAP_12 else [face]
    return DEFINITIONS.format(
        code=backend_code,
        namespace=namespace,
        types=types,
        messages="".join(MESSAGES.format(name=name, **_parts(face, name)) for name in EVERYTHING),
        port_operations="".join(
            PORT_OPERATION.format(name=name, fault=PORT_FAULT if name in OPERATIONS else "") for name in EVERYTHING
        ),
        bindings="".join(_binding(backend_code, each) for each in bound),
        ports="".join(PORT.format(**_kind(each), location=f"{address}{each.path}service") for each in bound),
    ).encode()


@cache
def render_schema(backend_code: str, name: str) -> bytes:
    """One of IMPORTED: the elements, which include the types."""
    content = _common()
    if name == "types.xsd":
        content = '      <xsd:include schemaLocation="common.xsd"/>\n' + _elements_of(FACES["imported"])
    return SCHEMA.format(namespace=namespace_of(backend_code), content=content).strip().encode()


def _kind(face: Face) -> dict[str, str]:
    if face.envelope == SOAP_12:
        return {"kind": "Soap12", "soap": "soap12", "number": "12"}
    return {"kind": "Soap", "soap": "soap", "number": ""}


def _binding(backend_code: str, face: Face) -> str:
    kind = _kind(face)
    namespace = f' namespace="{namespace_of(backend_code)}"' if face.style == "rpc" else ""
    operations = "".join(
        BINDING_OPERATION.format(
            **kind,
            name=name,
            action=action_of(backend_code, name),
            namespace=namespace,
            fault=BINDING_FAULT.format(**kind) if name in OPERATIONS else "",
        )
        for name in EVERYTHING
    )
    return BINDING.format(**kind, style="rpc" if face.style == "rpc" else "document", operations=operations)


def _parts(face: Face, name: str) -> dict[str, str]:
    """The parts of a request and of its answer."""
    if face.style == "rpc":
        asking = {"Ping": "", "FindByReceipt": '<wsdl:part name="ReceiptNo" type="xsd:string"/>'}
        answering = {
            "Ping": '<wsdl:part name="Status" type="xsd:string"/>',
            "FindByReceipt": '<wsdl:part name="Answer" type="tns:Finding"/>',
        }
        return {
            "asking": asking.get(name, SUBMISSION_PARTS),
            "answering": answering.get(name, '<wsdl:part name="Answer" type="tns:Answer"/>'),
        }
    element = face.request_element(name)
    return {
        "asking": f'<wsdl:part name="parameters" element="tns:{element}"/>' if element else "",
        "answering": f'<wsdl:part name="parameters" element="tns:{face.answer_element(name)}"/>',
    }


def _common() -> str:
    return COMMON_TYPES.format(
        answer=_elements(ANSWER_ELEMENTS),
        found=_elements((name, kind, False) for name, kind, _ in ANSWER_ELEMENTS + REFUSAL_ELEMENTS),
    )


def _elements_of(face: Face) -> str:
    """The global elements that the messages of a face are made of."""
    if face.style == "rpc":
        return ELEMENTS
    pairs = "".join(
        ELEMENT_PAIR.format(asking=face.request_element(name), answering=face.answer_element(name))
        for name in OPERATIONS
    )
    return ELEMENTS + (BARE_ELEMENTS if face.style == "bare" else WRAPPED_ELEMENTS) + pairs


def _elements(elements: Iterable[tuple[str, str, bool]]) -> str:
    return "\n".join(
        f'          <xsd:element name="{name}" type="{kind}" minOccurs="{int(always)}"/>'
        for name, kind, always in elements
    )
