"""A load of whole code flows: kept-alive connections in one thread, each a person on their way through a sign-on."""

import base64
import hashlib
import json
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.bench.load import STALLED_SECONDS

VERIFIER = "a-verifier-that-only-the-site-knows-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT_URI = "https://site.example.hk/callback"


@dataclass(frozen=True)
class Provider:
    """Where it is, its endpoints, its two clients, and the cookies of people who are signed in there."""

    name: str
    url: str
    authorize: str
    token: str
    userinfo: str
    sessions: Sequence[dict[str, str]]
    public: str
    confidential: str
    secret: str


@dataclass
class _Person:
    """One connection: which request of the flow is under way, and what has come of its answer."""

    socket: socket.socket
    cookies: dict[str, str]
    step: str = "authorize"
    received: bytearray = field(default_factory=bytearray)


def rate(
    provider: Provider, scope: str, *, with_secret: bool, seconds: float, warm_up: float = 0.5
) -> tuple[float, int]:
    """Whole flows a second (authorize, token and userinfo), and how many there were with those of the warming up.

    Raises AssertionError at any answer but the right one.
    """
    load = _Load(provider, scope, with_secret)
    try:
        warmed = load.run(warm_up)
        began = time.perf_counter()
        finished = load.run(seconds)
        return finished / (time.perf_counter() - began), warmed + finished
    finally:
        load.close()


class _Load:
    def __init__(self, provider: Provider, scope: str, with_secret: bool) -> None:
        self.provider = provider
        self.client = provider.confidential if with_secret else provider.public
        self.secret = provider.secret if with_secret else ""
        self.scope = scope
        self.chooser = selectors.DefaultSelector()
        parts = urlsplit(provider.url)
        self.host = parts.netloc
        for cookies in provider.sessions:
            connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            person = _Person(connection, cookies)
            self.chooser.register(connection, selectors.EVENT_READ, person)
            connection.sendall(self._authorize(person))

    def close(self) -> None:
        for key in list(self.chooser.get_map().values()):
            key.data.socket.close()
        self.chooser.close()

    def run(self, seconds: float) -> int:
        """Keep everybody busy for that long; the flows that were finished."""
        finished, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            ready = self.chooser.select(STALLED_SECONDS)
            assert ready, f"no answer within {STALLED_SECONDS} s"
            for key, _ in ready:
                finished += self._heard(key.data)
        return finished

    def _heard(self, person: _Person) -> bool:
        """Read what is there, and send the next request if the answer is whole; whether a flow is finished."""
        part = person.socket.recv(262144)
        assert part, "the server closed a kept-alive connection"
        person.received += part
        end = person.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = person.received[:end].decode("latin-1")
        if len(person.received) < end + 4 + int(_header(head, "content-length")):
            return False
        body = bytes(person.received[end + 4 :])
        person.received.clear()
        if person.step == "authorize":
            person.step, request = "token", self._token(_code(head))
        elif person.step == "token":
            person.step, request = "userinfo", self._userinfo(_json(head, body)["access_token"])
        else:
            assert _json(head, body)["sub"]
            person.step, request = "authorize", self._authorize(person)
        person.socket.sendall(request)
        return person.step == "authorize"

    def _authorize(self, person: _Person) -> bytes:
        asked = {
            "response_type": "code", "client_id": self.client, "redirect_uri": REDIRECT_URI, "scope": self.scope,
            "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        return self._request("GET", f"{self.provider.authorize}?{urlencode(asked)}", {"Cookie": cookie})

    def _token(self, code: str) -> bytes:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI,
                "code_verifier": VERIFIER}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.secret:
            pair = base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            form["client_id"] = self.client
        return self._request("POST", self.provider.token, headers, urlencode(form).encode())

    def _userinfo(self, token: str) -> bytes:
        return self._request("GET", self.provider.userinfo, {"Authorization": f"Bearer {token}"})

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        every = {"Host": self.host, "Accept": "*/*", **headers}
        if body:
            every["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", ""]
        return "\r\n".join(lines).encode("ascii") + body


def _header(head: str, name: str) -> str:
    for line in head.split("\r\n")[1:]:
        found, _, value = line.partition(":")
        if found.lower() == name:
            return value.strip()
    raise AssertionError(f"no {name}: {head}")


def _code(head: str) -> str:
    assert head.startswith("HTTP/1.1 302"), head
    found = parse_qs(urlsplit(_header(head, "location")).query)
    assert "code" in found, head
    return found["code"][0]


def _json(head: str, body: bytes) -> dict[str, str]:
    assert head.startswith("HTTP/1.1 200"), head + body.decode(errors="replace")[:500]
    found: dict[str, str] = json.loads(body)
    return found
