"""One running portal for all departments' sites, and clients that two officers registered there."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.journeys.conftest import browser, portal, visit
from tests.relying.running import Registered, site_port
from tests.stack import Stack

__all__ = ["browser", "portal", "visit"]

# Run beside the portal: what an officer and a second one do at the desk, by the same verbs.
REGISTER = """
import json, sys
from identity.accounts.models import User
from services.registry import clients
from services.registry.models import Department
officer, approver = (User.objects.get(username=name) for name in ("officer", "approver"))
values = json.loads({values!r})
client = clients.draft(by=officer, department=Department.objects.get(code="td"), values=values)
client = clients.approve(clients.submit(client, by=officer), by=approver)
secret = ""
if client.token_endpoint_auth_method.startswith("client_secret"):
    secret = clients.rotate_secret(client, by=officer)
print(json.dumps([client.client_id, secret]))
"""
Register = Callable[..., Registered]


@pytest.fixture
def port() -> int:
    """Where the site will listen."""
    return site_port()


@pytest.fixture
def register(portal: Stack, port: int) -> Register:
    """Registers the site on that port; `callback` is the path that people come back to."""

    def made(callback: str, *, key: ECKey | None = None, **values: Any) -> Registered:
        here = f"http://127.0.0.1:{port}"
        method = "private_key_jwt" if key else "client_secret_basic"
        facts: dict[str, Any] = {
            "name_en": "Licence book", "name_zh_hant": "牌照簿", "purpose_en": "To show your licences.",
            "purpose_zh_hant": "用以顯示你的牌照。", "kind": "confidential", "token_endpoint_auth_method": method,
            "redirect_uris": [f"{here}{callback}"], "post_logout_redirect_uris": [f"{here}/bye", f"{here}/bye.html"],
            "scopes": ["openid", "profile", "email", "offline_access"], "sector_identifier": "td",
            "grant_types": ["authorization_code", "refresh_token"],
            "jwks": {"keys": [key.as_dict(private=False)]} if key else None, **values,
        }  # fmt: skip
        script = REGISTER.format(values=json.dumps(facts))
        client_id, secret = json.loads(portal.manage("shell", "-c", script).strip().splitlines()[-1])
        return Registered(client_id, secret, json.dumps(key.as_dict(private=True)) if key else "")

    return made
