"""A citizen without a browser: signs in, fills in any form by its schema, calls, and waits."""

import re
import time
import uuid
from typing import Any

import requests

from tests.stack import Stack

SAMPLES = {
    "date": "2027-01-15",
    "date-time": "2026-11-20T10:00:00+08:00",
    "decimal": "120.00",
    "email": "someone@example.hk",
    "phone": "+85291234567",
    "hkid": "A123456(3)",
    "br_number": "12345678",
    "vehicle_mark": "AB1234",
}
FINAL = {"completed", "rejected", "failed"}


def sample(schema: dict[str, Any]) -> Any:
    """A value that the schema takes."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    if schema.get("type") == "integer":
        return max(schema.get("minimum", 1), 1)
    if schema.get("type") == "boolean":
        return True
    return SAMPLES.get(schema.get("format", ""), "A plain answer")


class Citizen:
    """Signed in over HTTP, as the demonstration's citizen unless another is named."""

    def __init__(self, stack: Stack, username: str = "citizen") -> None:
        self.stack, self.http = stack, requests.Session()
        page = self.get("/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "login": username, "password": f"ferry-{username}"}
        self.http.post(f"{stack.url}/accounts/login/", data=form, timeout=30).raise_for_status()

    def get(self, path: str, **params: str) -> requests.Response:
        return self.http.get(f"{self.stack.url}{path}", params=params, timeout=60)

    def form_data(self, code: str) -> dict[str, Any]:
        """What the form of the function asks, filled in."""
        form = self.get(f"/api/v1/functions/{code}/").json()["form"]
        return {name: sample(form["properties"][name]) for name in form["required"]}

    def post(self, code: str, data: dict[str, Any], key: str | None = None) -> requests.Response:
        return self.http.post(
            f"{self.stack.url}/api/v1/functions/{code}/calls/",
            json=data,
            headers={"Idempotency-Key": key or uuid.uuid4().hex, "X-CSRFToken": self.http.cookies["csrftoken"]},
            timeout=60,
        )

    def call(self, code: str) -> str:
        """Make a call that is in order; its receipt."""
        answer = self.post(code, self.form_data(code))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["receipt"])

    def status(self, receipt: str) -> str:
        return str(self.get(f"/api/v1/calls/{receipt}/").json()["status"])

    def wait(self, receipts: list[str], *, seconds: float) -> dict[str, str]:
        """The status of each once all are final, or when the time is up."""
        deadline = time.monotonic() + seconds
        found = dict.fromkeys(receipts, "")
        while time.monotonic() < deadline:
            for receipt in receipts:
                if found[receipt] not in FINAL:
                    found[receipt] = self.status(receipt)
            if set(found.values()) <= FINAL:
                break
            time.sleep(0.3)
        return found
