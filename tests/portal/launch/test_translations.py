"""Translations are compiled when, and only when, they changed."""

import gettext
import os
from pathlib import Path

import pytest

from portal.launch.console import CannotStart
from portal.launch.translations import compile_translations

WORDS = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Receipt"
msgstr "收據"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "zh_Hant" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(WORDS, encoding="utf-8")
    return path


def test_a_new_translation_is_compiled(source: Path, tmp_path: Path) -> None:
    assert compile_translations(tmp_path) == 1
    with source.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Receipt") == "收據"


def test_an_unchanged_translation_is_left_alone(source: Path, tmp_path: Path) -> None:
    compile_translations(tmp_path)
    assert compile_translations(tmp_path) == 0


def test_a_changed_translation_is_compiled_again(source: Path, tmp_path: Path) -> None:
    compile_translations(tmp_path)
    written = source.with_suffix(".mo").stat().st_mtime
    os.utime(source, (written + 1, written + 1))
    assert compile_translations(tmp_path) == 1


def test_a_broken_translation_is_named_with_its_line(source: Path, tmp_path: Path) -> None:
    source.write_text(WORDS + '\nmsgid "Open\n', encoding="utf-8")
    with pytest.raises(CannotStart, match=r"django\.po, line \d+"):
        compile_translations(tmp_path)
