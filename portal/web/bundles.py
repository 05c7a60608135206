"""One stylesheet and one script a page: a static files finder that joins the small files they are written in."""

import builtins
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal, overload

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SOURCE = Path(__file__).parent / "static" / "web"
BUNDLES = {
    "web/ferry.css": (
        "tokens", "base", "frame", "forms", "components", "find", "doing", "entrance", "pictures", "print",
    ),
    "web/ferry.js": (
        "htmx-2.0.11.min",
        "htmx-ext-sse-2.2.4.min",
        "busy", "drafts",
        "focus",
        "menu",
        "network",
        "passkeys",
        "search",
    ),
}  # fmt: skip


class BundleFinder(BaseFinder):
    """Offers each bundle to `collectstatic` and to the development server; named in STATICFILES_FINDERS."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=settings.VAR / "bundles")

    @overload
    def find(self, path: str, find_all: Literal[False] = ...) -> str | None: ...
    @overload
    def find(self, path: str, find_all: Literal[True]) -> builtins.list[str]: ...
    def find(self, path: str, find_all: bool = False) -> str | builtins.list[str] | None:
        if path not in BUNDLES:
            return [] if find_all else None
        joined = str(self._join(path))
        return [joined] if find_all else joined

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in BUNDLES:
            self._join(path)
            yield path, self.storage

    def _join(self, path: str) -> Path:
        """Writes the bundle if its text has changed; the file's time then tells `collectstatic` so."""
        text = "\n".join(source.read_text(encoding="utf-8") for source in sources(path))
        target = Path(self.storage.path(path))
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as scratch:
                scratch.write(text)
            Path(scratch.name).chmod(0o644)
            Path(scratch.name).replace(target)  # at once: several processes may start together
        return target


def sources(path: str) -> list[Path]:
    """The files of a bundle, in order."""
    suffix = Path(path).suffix
    folders = {".css": ("css",), ".js": ("js", "vendor")}[suffix]
    return [
        next(file for folder in folders if (file := SOURCE / folder / f"{name}{suffix}").exists())
        for name in BUNDLES[path]
    ]
