"""Simplified Chinese as OpenCC makes it from Hong Kong's Traditional; people may write their own instead."""

from collections.abc import Sequence
from functools import lru_cache

from opencc import OpenCC

_SEPARATOR = "\n"  # no name or label contains one


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("hk2s")


def simplify(text: str) -> str:
    return str(_converter().convert(text)) if text else ""


def simplify_all(texts: Sequence[str]) -> dict[str, str]:
    """Traditional -> Simplified, in one call of the converter: thousands of short ones are far slower."""
    distinct = list(dict.fromkeys(texts))
    converted = str(_converter().convert(_SEPARATOR.join(distinct))).split(_SEPARATOR)
    return dict(zip(distinct, converted, strict=True))
