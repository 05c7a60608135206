"""A person's browser, without JavaScript: cookies, redirects and forms over real HTTP, and nothing else."""

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

SECONDS = 30  # for one answer
LONGEST_WAY = 12  # redirects


@dataclass
class Form:
    """A form of a page, with what it sends by itself."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag in ("input", "button", "select", "textarea") and self.forms and (name := given.get("name")):
            self.forms[-1].names.add(name)
            if tag == "input" and given.get("type", "text") in ("hidden", "text", "email", "number"):
                self.forms[-1].values[name] = given.get("value", "")


class Browser:
    """One browser of one person; `url` is the portal's."""

    def __init__(self, url: str, language: str = "en") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language

    def get(self, address: str, params: dict[str, str] | None = None) -> requests.Response:
        """One GET, whose redirect is not followed."""
        return self.session.get(urljoin(self.url, address), params=params, allow_redirects=False, timeout=SECONDS)

    def post(self, address: str, data: dict[str, Any], **headers: str) -> requests.Response:
        """One POST of a form, whose redirect is not followed."""
        sent = {"Referer": self.url + "/", **headers}
        place = urljoin(self.url, address)
        return self.session.post(place, data, headers=sent, allow_redirects=False, timeout=SECONDS)

    def follow(self, answer: requests.Response) -> requests.Response:
        """Follow the redirects of the portal: the answer that is a page, or that leads somewhere else."""
        for _ in range(LONGEST_WAY):
            if not answer.is_redirect or not self.is_ours(address := urljoin(answer.url, answer.headers["Location"])):
                return answer
            answer = self.get(address)
        raise AssertionError("led in circles")

    def is_ours(self, address: str) -> bool:
        """Whether it is an address of the portal."""
        return urlsplit(address)[:2] == urlsplit(self.url)[:2]

    def submit(self, page: requests.Response, having: str, **values: Any) -> requests.Response:
        """Send that form of the page which has a field of that name, filled in so; not following."""
        form = next((found for found in forms(page) if having in found.names), None)
        assert form is not None, f"no form with {having} at {page.url}: {text(page)}"
        return self.post(urljoin(page.url, form.action), {**form.values, **values})

    def sign_in(self, person: str, page: requests.Response | None = None) -> requests.Response:
        """By password, on that page or on the log-in page; the answer, not followed."""
        page = page if page is not None else self.get("/accounts/login/")
        answer = self.submit(page, "password", login=person, password=f"ferry-{person}")
        assert answer.is_redirect, f"{person} could not sign in: {text(answer)}"
        return answer

    def sign_out(self) -> None:
        """By the portal's own page for it: everywhere, on all devices of this person."""
        page = self.get("/accounts/logout/")
        form = next(found for found in forms(page) if "logout" in urljoin(page.url, found.action))
        assert self.post(urljoin(page.url, form.action), form.values).is_redirect

    @property
    def is_signed_in(self) -> bool:
        return self.get("/en/account/").status_code == 200


def forms(page: requests.Response) -> list[Form]:
    """The forms of a page, in its order."""
    reader = _Forms()
    reader.feed(page.text)
    return reader.forms


def text(page: requests.Response) -> str:
    """The beginning of what a page says, for the message of a failure."""
    return f"{page.status_code} {html.unescape(page.text)[:1500]}"
