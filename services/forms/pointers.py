"""JSON Pointers (RFC 6901) that can safely be shown and stored."""

from collections.abc import Iterable

MAX_TOKEN = 60  # characters of one step; longer names come only from mischief


def pointer_of(path: Iterable[str | int]) -> str:
    """`["premises", "line_1"]` -> `/premises/line_1`. Characters that no answer could carry are replaced."""
    return "".join(f"/{_token(str(step))}" for step in path)


def _token(step: str) -> str:
    shown = step[:MAX_TOKEN].encode("utf-8", "replace").decode().replace("\x00", "?")
    return shown.replace("~", "~0").replace("/", "~1")
