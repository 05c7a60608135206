"""Colours can be read, pages stay light, and templates carry no style or script of their own."""

import gzip
import re
from pathlib import Path

import pytest

from portal.web import bundles

TEMPLATES = Path(bundles.__file__).parent / "templates"
TOKENS = (bundles.SOURCE / "css" / "tokens.css").read_text(encoding="utf-8")
BODY, OTHER, CONTROL = 7.0, 4.5, 3.0  # least contrast of body text, of other text, of the edge of a control
PAIRS = [
    ("ink", "paper", BODY),
    ("ink", "surface", BODY),
    ("ink", "sunken", BODY),
    ("ink", "accent-tint", BODY),
    ("ink", "waiting-tint", BODY),
    ("ink", "error-tint", BODY),
    ("ink-quiet", "paper", BODY),
    ("ink-quiet", "surface", BODY),
    ("on-sea", "sea", BODY),
    ("accent", "paper", OTHER),
    ("accent", "surface", OTHER),
    ("accent", "accent-tint", OTHER),
    ("accent", "waiting-tint", OTHER),
    ("accent", "error-tint", OTHER),
    ("on-accent", "accent", OTHER),
    ("on-accent", "accent-strong", OTHER),
    ("error", "paper", OTHER),
    ("error", "surface", OTHER),
    ("error", "error-tint", OTHER),
    ("waiting", "waiting-tint", OTHER),
    ("edge", "paper", CONTROL),
    ("edge", "surface", CONTROL),
    ("focus", "paper", CONTROL),
    ("waiting-edge", "waiting-tint", CONTROL),
]


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


LIGHT_CSS, DARK_CSS = TOKENS.split("prefers-color-scheme: dark")
LIGHT = _colours(LIGHT_CSS)
DARK = _colours(DARK_CSS)


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=lambda value: str(value))
def test_colours_can_be_read(theme: dict[str, str], front: str, back: str, least: float) -> None:
    assert _contrast(theme[front], theme[back]) >= least


def test_dark_theme_sets_every_colour() -> None:
    assert set(DARK) == set(LIGHT)


def test_stylesheet_and_script_leave_room_for_the_page() -> None:
    weights = [
        len(gzip.compress("\n".join(file.read_text(encoding="utf-8") for file in bundles.sources(path)).encode()))
        for path in bundles.BUNDLES
    ]
    assert sum(weights) < 35_000  # of the 60 KB of a first visit


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_carries_no_style_or_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:", text)
    assert found == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("components/**/*.html")), ids=lambda path: path.name)
def test_component_says_what_it_is(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("{% comment %}\n")


def test_stylesheets_use_no_force() -> None:
    css = "".join(file.read_text(encoding="utf-8") for file in (bundles.SOURCE / "css").glob("*.css"))
    assert "!important" not in css
