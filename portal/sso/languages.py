"""The person's language as a client knows it: `ui_locales` (OpenID Connect Core 1.0 section 3.1.2.1)."""

SPOKEN = {
    "en": "en", "zh": "zh-hant", "zh-hant": "zh-hant", "zh-hk": "zh-hant", "zh-tw": "zh-hant",
    "zh-hans": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans",
}  # fmt: skip


def first_spoken(ui_locales: str) -> str:
    """The first of the client's wishes that we speak, or nothing."""
    for tag in ui_locales.lower().split():
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            if (found := SPOKEN.get("-".join(parts[:length]))) is not None:
                return found
    return ""
