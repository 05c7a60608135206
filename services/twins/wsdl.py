"""The WSDL of a SOAP twin: SOAP 1.1, document/literal wrapped, one namespace per backend."""

from collections.abc import Iterable
from functools import cache

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

TYPES = """\
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
      <xsd:element name="Refusal">
        <xsd:complexType>
          <xsd:sequence>
            <xsd:element name="ReasonCode" type="xsd:string"/>
            <xsd:element name="Field" type="xsd:string" minOccurs="0"/>
            <xsd:element name="Reason" type="xsd:string"/>
          </xsd:sequence>
        </xsd:complexType>
      </xsd:element>
      <xsd:element name="FindByReceipt">
        <xsd:complexType>
          <xsd:sequence><xsd:element name="ReceiptNo" type="xsd:string"/></xsd:sequence>
        </xsd:complexType>
      </xsd:element>
      <xsd:element name="FindByReceiptResponse">
        <xsd:complexType>
          <xsd:sequence>
            <xsd:element name="Found" type="xsd:boolean"/>
{found}
          </xsd:sequence>
        </xsd:complexType>
      </xsd:element>
      <xsd:element name="Ping"><xsd:complexType><xsd:sequence/></xsd:complexType></xsd:element>
      <xsd:element name="PingResponse">
        <xsd:complexType>
          <xsd:sequence><xsd:element name="Status" type="xsd:string"/></xsd:sequence>
        </xsd:complexType>
      </xsd:element>
{wrappers}"""

WRAPPER = """\
      <xsd:element name="{name}" type="tns:Submission"/>
      <xsd:element name="{name}Response" type="tns:Answer"/>"""

MESSAGES = """\
  <wsdl:message name="{name}Request"><wsdl:part name="parameters" element="tns:{name}"/></wsdl:message>
  <wsdl:message name="{name}Response">
    <wsdl:part name="parameters" element="tns:{name}Response"/>
  </wsdl:message>"""

PORT_OPERATION = """\
    <wsdl:operation name="{name}">
      <wsdl:input message="tns:{name}Request"/>
      <wsdl:output message="tns:{name}Response"/>{fault}
    </wsdl:operation>"""

BINDING_OPERATION = """\
    <wsdl:operation name="{name}">
      <soap:operation soapAction="{namespace}:{name}"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>{fault}
    </wsdl:operation>"""

PORT_FAULT = '\n      <wsdl:fault name="Refusal" message="tns:Refusal"/>'
BINDING_FAULT = '\n      <wsdl:fault name="Refusal"><soap:fault name="Refusal" use="literal"/></wsdl:fault>'

DEFINITIONS = """\
<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="{code}" targetNamespace="{namespace}" xmlns:tns="{namespace}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>
    <xsd:schema targetNamespace="{namespace}" elementFormDefault="qualified">
{types}
    </xsd:schema>
  </wsdl:types>
{messages}
  <wsdl:message name="Refusal"><wsdl:part name="detail" element="tns:Refusal"/></wsdl:message>
  <wsdl:portType name="Counter">
{port_operations}
  </wsdl:portType>
  <wsdl:binding name="CounterSoap" type="tns:Counter">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{binding_operations}
  </wsdl:binding>
  <wsdl:service name="CounterService">
    <wsdl:port name="CounterPort" binding="tns:CounterSoap"><soap:address location="{location}"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


def namespace_of(backend_code: str) -> str:
    return f"urn:ferry:twin:{backend_code}"


@cache
def render(backend_code: str, location: str) -> bytes:
    """The document itself; codes are slugs and the location is our own, so nothing needs escaping."""
    namespace = namespace_of(backend_code)
    everything = (*OPERATIONS, "FindByReceipt", "Ping")
    types = TYPES.format(
        answer=_elements(ANSWER_ELEMENTS),
        found=_elements((name, kind, False) for name, kind, _ in ANSWER_ELEMENTS + REFUSAL_ELEMENTS),
        wrappers="\n".join(WRAPPER.format(name=name) for name in OPERATIONS),
    )
    return DEFINITIONS.format(
        code=backend_code,
        namespace=namespace,
        location=location,
        types=types,
        messages="\n".join(MESSAGES.format(name=name) for name in everything),
        port_operations="\n".join(
            PORT_OPERATION.format(name=name, fault=PORT_FAULT if name in OPERATIONS else "") for name in everything
        ),
        binding_operations="\n".join(
            BINDING_OPERATION.format(name=name, namespace=namespace, fault=BINDING_FAULT if name in OPERATIONS else "")
            for name in everything
        ),
    ).encode()


def _elements(elements: Iterable[tuple[str, str, bool]]) -> str:
    return "\n".join(
        f'          <xsd:element name="{name}" type="{kind}" minOccurs="{int(always)}"/>'
        for name, kind, always in elements
    )
