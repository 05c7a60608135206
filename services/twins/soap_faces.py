"""The ways in which one department can be asked to speak SOAP; all of them file into the same ledger."""

from dataclasses import dataclass

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


@dataclass(frozen=True)
class Face:
    """`name` is its place in the path below the backend's address; the plain one has none."""

    name: str = ""
    envelope: str = SOAP_11
    style: str = "wrapped"  # document/literal wrapped or bare; or rpc, which is rpc/literal
    imports: bool = False  # its WSDL imports the types from documents of their own
    guard: str = ""  # what WS-Security it asks for: token, signed

    @property
    def path(self) -> str:
        return f"{self.name}/" if self.name else ""

    @property
    def version(self) -> str:
        return "1.2" if self.envelope == SOAP_12 else "1.1"

    def request_element(self, operation: str) -> str | None:
        """The local name of what is in the body; None where that is nothing."""
        if self.style != "bare":
            return operation
        return {"Ping": None, "FindByReceipt": "ReceiptNo"}.get(operation, f"{operation}Request")

    def answer_element(self, operation: str) -> str:
        return operation + ("Answer" if self.style == "bare" else "Response")


FACES = {
    face.name: face
    for face in (
        Face(),
        Face("v12", envelope=SOAP_12),
        Face("bare", style="bare"),
        Face("rpc", style="rpc"),
        Face("imported", imports=True),
        Face("token", guard="token"),
        Face("signed", guard="signed"),
    )
}
