from io import StringIO
from pathlib import Path

import yaml
from django.core.management import call_command
from django.test import Client

COMMITTED = Path(__file__).resolve().parents[3] / "portal" / "api" / "openapi.yaml"


def test_the_committed_document_is_current() -> None:
    """Renew it with `manage.py spectacular --file portal/api/openapi.yaml`."""
    made = StringIO()
    call_command("spectacular", stdout=made)
    assert COMMITTED.read_text() == made.getvalue()


def test_the_document_is_served(client: Client) -> None:
    served = yaml.safe_load(client.get("/api/v1/schema/").content)
    assert served["paths"] == yaml.safe_load(COMMITTED.read_text())["paths"]
