"""The demonstration identity app as a running process, and a person with a phone."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

TIMEOUT_SECONDS = 10


@dataclass
class IdentityApp:
    """The twin at its own port."""

    address: str

    def set_mode(self, mode: str, delay_ms: int = 0) -> None:
        self._post("/_twins/identity/mode", {"mode": mode, "delay_ms": delay_ms})

    def register(self, base_url: str) -> None:
        """Tell it where Ferry is."""
        self._post("/_twins/identity/service", {"base_url": base_url})

    def acknowledged(self) -> list[str]:
        """The signatures of which Ferry said that they arrived."""
        found: list[str] = requests.get(f"{self.address}/_twins/identity/mode", timeout=TIMEOUT_SECONDS).json()[
            "acknowledged"
        ]
        return found

    def _post(self, path: str, document: dict[str, Any]) -> None:
        requests.post(self.address + path, json=document, timeout=TIMEOUT_SECONDS).raise_for_status()


class Phone:
    """A demonstration person, who scans what another screen shows."""

    def __init__(self, app: IdentityApp, person: str = "tai-man") -> None:
        self.app = app
        self.session = requests.Session()
        self.session.cookies.set("identity_app_person", person)

    def scan(self, address: str) -> str:
        """Open what the screen shows; the address of the request in the app."""
        page = self.session.get(address, timeout=TIMEOUT_SECONDS)
        page.raise_for_status()
        found = re.search(r"/(?:qr|asks)/([\w-]+)", urlsplit(page.url).path)
        assert found
        return f"{self.app.address}/app/asks/{found[1]}"

    def text(self, address: str) -> str:
        """What the app shows of it."""
        return self.session.get(self.scan(address), timeout=TIMEOUT_SECONDS).text

    def decide(self, address: str, do: str = "approve") -> str:
        """Press the button; the address to which the other screen then goes, without its host."""
        ask = self.scan(address)
        done = self.session.post(ask, data={"do": do}, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        if "Location" not in done.headers:
            screen = ask.replace("/app/asks/", "/qr/")
            done = requests.get(screen, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        parts = urlsplit(urljoin(ask, done.headers["Location"]))
        return f"{parts.path}?{parts.query}"


def told(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
