"""Compiles the translations by Babel, without the gettext tools: `python -m portal.launch.translations`."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from portal.launch.console import CannotStart
from portal.launch.state import ROOT


def compile_translations(locales: Path = ROOT / "locale") -> int:
    """Write each .mo that is missing or older than its .po, before Django loads them; returns how many."""
    written = 0
    for source in sorted(locales.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        _compile(source, target)
        written += 1
    return written


def _compile(source: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.{os.getpid()}")  # two test runs may compile at once
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
    except PoFileError as error:
        raise CannotStart(f"{source}, line {error.lineno}: {error}") from error
    fresh.replace(target)


if __name__ == "__main__":
    compile_translations()
