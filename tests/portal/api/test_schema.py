from pathlib import Path

import yaml
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

COMMITTED = Path(__file__).resolve().parents[3] / "portal" / "api" / "openapi.yaml"


def test_the_committed_document_is_current() -> None:
    """Renew it with `manage.py spectacular --file portal/api/openapi.yaml`."""
    made = OpenApiYamlRenderer().render(SchemaGenerator().get_schema(request=None, public=True), renderer_context={})
    assert COMMITTED.read_bytes() == made


def test_the_document_is_served(client: Client) -> None:
    served = yaml.safe_load(client.get("/api/v1/schema/").content)
    assert served["paths"] == yaml.safe_load(COMMITTED.read_text())["paths"]
