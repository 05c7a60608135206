"""Brings database, catalogue, demonstration people and static files up to date, in one process.

Run by the launcher as `python -m portal.launch.prepare`, with the settings' variables in the environment.
"""

import hashlib
import os
import sys
from importlib import import_module
from io import StringIO
from pathlib import Path

from portal.launch.console import CannotStart, say, step
from portal.launch.translations import compile_translations


def prepare() -> None:
    """Every step does nothing where nothing is to be done."""
    with step("Translations"):
        compile_translations()
    with step("Settings"):
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        django.setup()
    with step("Style sheets and scripts"):
        _collect_static()
    with step("Pages"):
        _command("check")
        import_module("portal.wsgi")  # loads the middleware, as the web server will
    with step("Database tables"):
        _command("migrate", interactive=False)
    with step("Catalogue of services"):
        _command("load_catalogue")
    with step("Demonstration people"):
        _command("demo")
        _command("demo_consolidation")


def _command(name: str, **options: object) -> None:
    """Run a management command quietly; what it wrote is shown only if it fails."""
    from django.core.management import CommandError, call_command

    written = StringIO()
    try:
        call_command(name, stdout=written, stderr=written, verbosity=0, **options)
    except CommandError as error:
        raise CannotStart(f"{written.getvalue()}{error}") from error
    except Exception:
        say(f"\n{written.getvalue()}")
        raise


def _collect_static() -> None:
    """Collect and hash the static files if one of them changed."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest.hexdigest():
        _command("collectstatic", interactive=False, clear=True)
        stamp.write_text(digest.hexdigest(), encoding="ascii")


if __name__ == "__main__":
    try:
        prepare()
    except CannotStart as reason:
        say(str(reason))
        sys.exit(1)
