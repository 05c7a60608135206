"""The connectors there are. A new protocol is one new file beside this one, and one entry here."""

from services.gateway.connectors.base import BatchConnector, Connector
from services.gateway.connectors.fixed_width import FixedWidthConnector
from services.gateway.connectors.rest import RestConnector
from services.gateway.connectors.sftp_batch import SftpBatchConnector
from services.gateway.connectors.soap import SoapConnector

connectors: dict[str, Connector] = {
    connector.key: connector
    for connector in (RestConnector(), SoapConnector(), FixedWidthConnector(), SftpBatchConnector())
}


def answers_in_batches(key: str) -> bool:
    """Whether calls over this protocol leave and come back in files."""
    return isinstance(connectors.get(key), BatchConnector)
