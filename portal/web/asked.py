"""What someone looks for: their words and filters, as they stand in the address of the search page."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from portal.web import labels
from services.search.find import Filters

LONGEST_WORDS = 200  # characters
LAST_PAGE = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")  # a database refuses some of them
_CODE = re.compile(r"[a-z0-9-]{1,20}")


@dataclass(frozen=True)
class Asked:
    q: str = ""
    category: str = ""
    department: str = ""
    audience: str = ""
    action: str = ""
    page: int = 1

    @classmethod
    def of(cls, request: HttpRequest, department: str = "") -> Asked:
        """Whatever the address says that makes sense; the rest is as if it were not there."""
        given = request.GET
        department, page = department or given.get("department", ""), given.get("page", "")
        return cls(
            q=_CONTROL.sub(" ", given.get("q", ""))[:LONGEST_WORDS].strip(),
            category=_known(given.get("category"), labels.CATEGORIES),
            department=department if _CODE.fullmatch(department) else "",
            audience=_known(given.get("audience"), labels.AUDIENCES),
            action=_known(given.get("action"), labels.ACTIONS),
            page=min(int(page), LAST_PAGE) or 1 if page.isascii() and page.isdigit() else 1,
        )

    @property
    def filters(self) -> Filters:
        return Filters(self.category, self.department, self.audience, self.action)

    @property
    def narrowing(self) -> list[tuple[str, str]]:
        """The filters in use, as name and value."""
        names = ("category", "department", "audience", "action")
        return [(name, value) for name in names if (value := getattr(self, name))]

    @property
    def is_question(self) -> bool:
        """There is something to look for."""
        return bool(self.q or self.narrowing)

    def without(self, *names: str) -> Asked:
        """The same with these left open, from the first page on."""
        return replace(self, page=1, **dict.fromkeys(names, ""))

    def within(self, department: str) -> Asked:
        """The same in one department."""
        return replace(self, page=1, department=department)

    @property
    def wider(self) -> Asked:
        """The words alone, or nothing at all where there are no filters to leave out."""
        return Asked(q=self.q if self.narrowing else "")

    @property
    def query(self) -> str:
        """The part of an address that asks this, with its question mark; empty if nothing is asked."""
        pairs = [("q", self.q), *self.narrowing, ("page", str(self.page) if self.page > 1 else "")]
        query = urlencode([pair for pair in pairs if pair[1]])
        return f"?{query}" if query else ""

    @property
    def url(self) -> str:
        """The address of the search page that asks this."""
        return reverse("web:search") + self.query


def _known(value: str | None, known: Container[str]) -> str:
    return value if value is not None and value in known else ""
