"""The demonstration's citizen, signed in over HTTP, who makes calls and follows them to their answer."""

import json
import uuid
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.stack import Stack

NAME = "citizen"
REST, SOAP = "td-personalised-mark", "td-ferry-service-renew"  # assurance basic
DATA: dict[str, dict[str, Any]] = {
    REST: {"mark": "HARBOUR", "meaning": "The harbour that we cross"},
    SOAP: {"licence_number": "FSL-2041", "route": "Central to Cheung Chau", "period_months": 12},
}
FINAL = {"completed", "rejected", "failed"}


class Citizen:
    """Signed in; two kept-alive connections, one for calls and one for their events."""

    def __init__(self, stack: Stack) -> None:
        session = requests.Session()
        session.get(f"{stack.url}/accounts/login/", timeout=30).raise_for_status()
        document = session.get(f"{stack.url}/accounts/login/", timeout=30).text
        token = document.split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]
        form = {"login": NAME, "password": f"ferry-{NAME}", "csrfmiddlewaretoken": token}
        session.post(f"{stack.url}/accounts/login/", form, timeout=30).raise_for_status()
        self.cookies = {name: value for name, value in session.cookies.items() if value}
        assert "ferry_session" in self.cookies, "the citizen could not sign in"
        self.cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._headers = {
            "Cookie": self.cookie,
            "X-CSRFToken": self.cookies["csrftoken"],
            "Content-Type": "application/json",
        }
        place = urlsplit(stack.url)
        self._calls, self._events = (HTTPConnection(place.hostname or "", place.port, timeout=30) for _ in range(2))
        self._followed: HTTPResponse | None = None

    def hang_up(self) -> None:
        """Close the connections before a pause: the server ends those that are idle for long."""
        self._calls.close()
        self._events.close()
        self._followed = None

    def call(self, function: str) -> str:
        """Make a call; its receipt."""
        body = json.dumps(DATA[function]).encode()
        headers = {**self._headers, "Idempotency-Key": uuid.uuid4().hex}
        self._calls.request("POST", f"/api/v1/functions/{function}/calls/", body, headers)
        response = self._calls.getresponse()
        content = response.read()
        assert response.status == 202, content.decode()
        receipt: str = json.loads(content)["receipt"]
        return receipt

    def follow(self, receipt: str) -> str:
        """Read the call's events until one says that it is final; the final status."""
        if self._followed is not None:
            self._followed.read()  # the farewell of the last stream
        self._events.request("GET", f"/api/v1/calls/{receipt}/events", headers=self._headers)
        self._followed = response = self._events.getresponse()
        assert response.status == 200, response.read().decode()
        while line := response.readline():
            if b'"status":"' in line:
                status = line.split(b'"status":"', 1)[1].split(b'"', 1)[0].decode()
                if status in FINAL:
                    return status
        raise AssertionError(f"no answer to {receipt} while its stream was open")
