"""Simplified Chinese as OpenCC makes it from Hong Kong's Traditional; people may write their own instead."""

from collections.abc import Sequence
from functools import lru_cache

from opencc import OpenCC

_SEPARATOR = "\n"  # no name or label contains one
_MAINLAND = {"拣选": "选择", "相片": "照片", "递交": "提交"}  # converted well, but not what people there say


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("hk2s")


def _convert(text: str) -> str:
    converted = str(_converter().convert(text))
    for literal, usual in _MAINLAND.items():
        converted = converted.replace(literal, usual)
    return converted


def simplify(text: str) -> str:
    return _convert(text) if text else ""


def simplify_all(texts: Sequence[str]) -> dict[str, str]:
    """Traditional -> Simplified, in one call of the converter: thousands of short ones are far slower."""
    distinct = list(dict.fromkeys(texts))
    converted = _convert(_SEPARATOR.join(distinct)).split(_SEPARATOR)
    return dict(zip(distinct, converted, strict=True))
