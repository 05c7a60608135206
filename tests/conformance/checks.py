"""What a check is a check of: its short name, the standard and section, and how strong the word there is."""

import pytest

MUST, SHOULD, GOV = "MUST", "SHOULD", "GOV"
LEVELS = (MUST, SHOULD, GOV)  # GOV: what government log-ins ask for beyond the standards' musts
CORE = "OpenID Connect Core 1.0"
DISCOVERY = "OpenID Connect Discovery 1.0"
OAUTH = "RFC 6749"
BCP = "RFC 9700"


def check(name: str, standard: str, section: str, level: str = MUST) -> pytest.MarkDecorator:
    """Marks a test as the check of that name."""
    assert level in LEVELS
    return pytest.mark.check(name=name, standard=standard, section=section, level=level)
