"""People who do not give up: each call is posted under one Idempotency-Key until a receipt is given."""

import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import requests

from tests.faults.citizen import Citizen
from tests.stack import Stack

PEOPLE = 24
PATIENCE_SECONDS = 240.0
ONE_TRY_SECONDS = 20.0


class NoReceipt(Exception):
    """Somebody waited in vain: no receipt in all that time."""


class People:
    """Signed in once; every thread posts over a connection of its own."""

    def __init__(self, stack: Stack, functions: Iterable[str]) -> None:
        self._stack = stack
        citizen = Citizen(stack)
        self._cookies = citizen.http.cookies
        self._forms: dict[str, dict[str, Any]] = {code: citizen.form_data(code) for code in functions}
        self._local = threading.local()

    def call(self, function: str, key: str, refused: list[int]) -> str:
        """Post until it is accepted; the receipt. Raises NoReceipt. Answers 5xx met on the way go into `refused`."""
        until = time.monotonic() + PATIENCE_SECONDS
        problem = "no answer"
        while time.monotonic() < until:
            try:
                answer = self.post(function, key)
            except requests.RequestException as error:  # cut off: it may have been accepted, and the next try finds out
                problem = type(error).__name__
                self._local.http = None
            else:
                if answer.status_code == 202:
                    return str(answer.json()["receipt"])
                problem = f"HTTP {answer.status_code} {answer.text[:200]}"
                if answer.status_code >= 500:
                    refused.append(answer.status_code)
                elif answer.status_code != 429:
                    break
            time.sleep(0.25)
        raise NoReceipt(f"{function}: {problem}")

    def post(self, function: str, key: str) -> requests.Response:
        """One try."""
        return self._http().post(
            f"{self._stack.url}/api/v1/functions/{function}/calls/",
            json=self._forms[function],
            headers={"Idempotency-Key": key, "X-CSRFToken": self._cookies["csrftoken"]},
            timeout=ONE_TRY_SECONDS,
        )

    def _http(self) -> requests.Session:
        if getattr(self._local, "http", None) is None:
            self._local.http = requests.Session()
            self._local.http.cookies.update(self._cookies)
        http: requests.Session = self._local.http
        return http


class Load:
    """So many calls in turn to these functions: a quarter at once unless told, the others spread over some seconds."""

    def __init__(
        self, people: People, functions: Sequence[str], calls: int, *, seconds: float, at_once: int | None = None
    ) -> None:
        self.run = uuid.uuid4().hex[:12]  # every key of this load begins with it
        self.calls = calls
        self.functions = functions
        self._people, self._seconds = people, seconds
        self._at_once = calls // 4 if at_once is None else at_once
        self._crowd = ThreadPoolExecutor(PEOPLE, thread_name_prefix="person")
        self.refused: list[int] = []  # answers 5xx
        self._posted: list[Future[str]] = []
        self._began = time.monotonic()
        self._feeder = threading.Thread(target=self._feed, daemon=True)

    def start(self) -> None:
        self._feeder.start()

    def _feed(self) -> None:
        at_once = self._at_once
        pause = self._seconds / max(self.calls - at_once, 1)
        for number in range(self.calls):
            if number >= at_once:
                time.sleep(max(0.0, self._began + (number - at_once) * pause - time.monotonic()))
            function = self.functions[number % len(self.functions)]
            self._posted.append(self._crowd.submit(self._people.call, function, f"{self.run}-{number}", self.refused))

    @property
    def is_over(self) -> bool:
        """Whether everybody has a receipt, or gave up."""
        return len(self._posted) == self.calls and all(each.done() for each in self._posted)

    def has_receipts(self, number: int, *, seconds: float) -> None:
        """Wait until so many receipts were given, or the time is up."""
        until = time.monotonic() + seconds
        while sum(each.done() for each in list(self._posted)) < number and time.monotonic() < until:
            time.sleep(0.02)

    def receipts(self) -> list[str]:
        """Of all calls, once each has one. Raises NoReceipt."""
        self._feeder.join()
        try:
            return [each.result(timeout=PATIENCE_SECONDS + ONE_TRY_SECONDS) for each in self._posted]
        finally:
            self._crowd.shutdown(wait=False, cancel_futures=True)
