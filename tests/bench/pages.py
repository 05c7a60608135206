"""Pages against answers of nothing but "ok" from the same server, in requests a second.

Signed out, the limit is an empty view behind the same middleware. Signed in, it is that view making as many empty
queries as the page makes, session and person included. Browsers take compressed pages, and so does the generator.

Where other programs keep the machine busy, requests a second flatter light answers: more processes take part in them,
and each gets its turn. So the processor time of a request is shown as well.
"""

import statistics
from dataclasses import dataclass, field

from tests.bench import load, processor, search
from tests.bench.citizen import NAME, REST, Citizen
from tests.bench.empty import BARE
from tests.bench.table import Line, at_least
from tests.stack import Stack

ROUNDS = 3
SECONDS = 2.5
AIM = 0.25
CALLS = 20  # on the list
EMPTY = "/bench/empty/"
HOME, SEARCH, FUNCTION, MINE = "/en/", "/en/search/", f"/en/functions/{REST}/", "/en/calls/"


@dataclass
class Page:
    """What is asked for again and again, and the address of its limit."""

    name: str
    paths: list[str]
    limit: str = EMPTY
    is_signed_in: bool = False
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)  # milliseconds of processor time for a request


def run(stack: Stack, citizen: Citizen) -> list[Line]:
    """A line for each page; each round measures everything once, so that all share good and bad moments."""
    words = [query.text for query in search.read(search.SETS["queries-dev.csv (tuned on)"])]
    searches = [_address(SEARCH, text) for text in words]
    for _ in range(CALLS):
        citizen.follow(citizen.call(REST))
    citizen.hang_up()
    shown = [
        Page("front page, signed out", [HOME]),
        Page("function page, signed out", [FUNCTION]),
        Page("search page, signed in", searches, is_signed_in=True),
        Page("function page, signed in", [FUNCTION], is_signed_in=True),
        Page("My calls, signed in", [MINE], is_signed_in=True),
    ]
    counted = {page.name: count(page.paths) for page in shown if page.is_signed_in}
    for page in shown:
        if page.is_signed_in:
            page.limit = f"/bench/queries/{round(counted[page.name])}/"
    limits = {path: Page(path, [path]) for path in [EMPTY, BARE, *dict.fromkeys(page.limit for page in shown)]}
    share = _measure(stack, citizen, [*limits.values(), *shown])
    bare = limits[BARE]
    lines = [_line(page, limits[page.limit], counted.get(page.name)) for page in shown]
    lines += [_cost(page, limits[page.limit]) for page in shown]
    lines.append(_against("the empty view, without middleware", limits[EMPTY], bare))
    lines.append(Line("the load generator", f"{share:.0%} of a core"))
    return lines


def count(paths: list[str]) -> float:
    """Queries of these pages for the citizen, on average, once everything is warm."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from identity.accounts.models import User

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username=NAME))
    assert client.get(paths[0]).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        for path in paths:
            client.get(path)
    client.logout()
    return len(queries) / len(paths)


def _address(path: str, words: str) -> str:
    from urllib.parse import urlencode

    return f"{path}?{urlencode({'q': words})}"


def _measure(stack: Stack, citizen: Citizen, pages: list[Page]) -> float:
    """Fill in the rates; the largest share of a core that the generator took."""
    shares = []
    for _ in range(ROUNDS):
        for page in pages:
            cookies = citizen.cookies if page.is_signed_in else None
            requests = [load.get(stack.url + path, cookies) for path in page.paths]
            spent = processor.spent(stack.var)
            measured = load.rate(stack.url, requests, seconds=SECONDS)
            page.rates.append(measured.per_second)
            page.costs.append((processor.spent(stack.var) - spent) * 1000 / measured.answered)
            shares.append(measured.share)
    return max(shares)


def _line(page: Page, limit: Page, queries: float | None) -> Line:
    of = "empty" if queries is None else f"with {round(queries)} queries"
    figure, most = statistics.median(page.rates), statistics.median(limit.rates)
    return at_least(page.name, figure, most, _ratio(page, limit), AIM, unit="/s", of=of)


def _cost(page: Page, limit: Page) -> Line:
    figure, least = statistics.median(page.costs), statistics.median(limit.costs)
    return Line(f"{page.name}: processor", f"{figure:.2f} ms", f"{least:.2f} ms", f"{least / figure:.0%}")


def _against(name: str, page: Page, limit: Page) -> Line:
    figure, most = statistics.median(page.rates), statistics.median(limit.rates)
    return Line(name, f"{figure:,.0f} /s", f"{most:,.0f} /s", f"{_ratio(page, limit):.0%}")


def _ratio(page: Page, limit: Page) -> float:
    """The median over the rounds."""
    return statistics.median(one / most for one, most in zip(page.rates, limit.rates, strict=True))
