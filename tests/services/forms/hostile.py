"""JSON values that nobody means well with."""

from typing import Any

from hypothesis import strategies as st

HOSTILE_TEXTS = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "￿",
    "\x1b[31m",
    "../../etc/passwd",
    "=1+1",
    "％",
    "𠮷",
]


def any_text() -> st.SearchStrategy[str]:
    """Any code points, lone surrogates and NUL among them."""
    return st.one_of(st.text(st.characters(exclude_categories=[])), st.sampled_from(HOSTILE_TEXTS))


def any_scalar() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**30, -(10**30), 10**4000, 2**63, -1, 0]),
        st.floats(),
        any_text(),
    )


def any_json() -> st.SearchStrategy[Any]:
    """Any JSON value, nested, with numbers that are not JSON's too (Python's parser lets them in)."""
    return st.recursive(
        any_scalar(),
        lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(any_text(), inner, max_size=5)),
        max_leaves=15,
    )
