import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parent.parent / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2)}
TAG = re.compile(r"{% *translate +\"([^\"]*)\"")
BLOCK = re.compile(r"{% *blocktranslate[^%]*%}(.*?){% *(?:plural|endblocktranslate) *%}", re.DOTALL)
in_each_locale = pytest.mark.parametrize("locale", ["zh_Hant", "zh_Hans"])


def messages(locale: str) -> list[Message]:
    catalog: Catalog = read_po((LOCALES / locale / "LC_MESSAGES" / "django.po").open("rb"))
    return [message for message in catalog if message.id]


def written(message: Message) -> tuple[str, str]:
    """The English and its translation, plurals joined."""
    parts = [" ".join(text) if isinstance(text, list | tuple) else text for text in (message.id, message.string)]
    return str(parts[0]), str(parts[1])


@in_each_locale
def test_every_sentence_is_translated(locale: str) -> None:
    assert [message.id for message in messages(locale) if message.fuzzy or not written(message)[1].strip()] == []


@in_each_locale
def test_a_translation_keeps_every_placeholder(locale: str) -> None:
    pairs = [written(message) for message in messages(locale)]
    lost = [pair for pair in pairs if set(PLACEHOLDER.findall(pair[0])) - set(PLACEHOLDER.findall(pair[1]))]
    assert lost == []


def test_both_scripts_translate_the_same_sentences() -> None:
    assert {str(message.id) for message in messages("zh_Hant")} == {str(message.id) for message in messages("zh_Hans")}


def test_simplified_pages_hold_no_traditional_wording() -> None:
    """Characters that only Traditional writing has; a language may be named in its own script."""
    traditional = re.compile("[們請這個為時會說與關裡後實務電話續車務門號碼證檔領辦處應發現]")
    found = [written(message) for message in messages("zh_Hans") if traditional.search(written(message)[1])]
    assert [pair for pair in found if "繁體" not in pair[1]] == []


def sentences(source: Path) -> list[str]:
    if source.suffix == ".py":
        with source.open("rb") as file:
            found = [sentence for _, sentence, _, _ in extract("python", file, KEYWORDS)]
        return [sentence[0] if isinstance(sentence, list | tuple) else sentence for sentence in found if sentence]
    text = source.read_text()
    blocks = [" ".join(body.split()) for body in BLOCK.findall(text)]
    return [*TAG.findall(text), *(re.sub(r"{{ *(\w+) *}}", r"%(\1)s", body) for body in blocks)]


@in_each_locale
@pytest.mark.parametrize("wing", ["portal", "services", "identity"])
def test_every_sentence_of_the_source_has_a_translation(locale: str, wing: str) -> None:
    known = {message.id[0] if isinstance(message.id, list | tuple) else message.id for message in messages(locale)}
    sources = [path for ending in ("*.py", "*.html") for path in (LOCALES.parent / wing).rglob(ending)]
    assert {(str(path), sentence) for path in sources for sentence in sentences(path) if sentence not in known} == set()
