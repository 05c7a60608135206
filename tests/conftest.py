"""Real servers for the tests: PostgreSQL and Valkey, embedded, started once for a whole run.

pytest loads this file before anything imports the settings, so the environment can still be made here.
With pytest-xdist the controlling process starts the servers and its workers inherit their addresses; each
worker has a database of its own (pytest-django) and a Redis database number of its own. Servers named by
DATABASE_URL and REDIS_URL are used instead of embedded ones.
"""

import atexit
import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet
from django.utils import translation

from portal.launch.demo_seal import make_seal
from portal.launch.embedded import embedded
from portal.launch.state import rsa_key
from portal.launch.translations import compile_translations
from tests.services.twins.running import Twins, start

_servers = ExitStack()


def _start_servers() -> None:
    """Once, in the process that controls the run."""
    folder = Path(tempfile.mkdtemp(prefix="ferry-test-"))
    _servers.callback(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(_servers.enter_context(embedded(folder)))
    (folder / "static").mkdir()  # WhiteNoise warns where nothing was collected
    os.environ["FERRY_VAR"] = str(folder)
    os.environ["TWINS_SFTP_PASSWORD"] = secrets.token_urlsafe()
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    os.environ["FERRY_DATA_KEYS"] = Fernet.generate_key().decode()
    os.environ["FERRY_INDEX_KEYS"] = secrets.token_urlsafe(32)
    os.environ["FERRY_PROOF_KEY"] = secrets.token_urlsafe(32)
    os.environ["FERRY_DISCLOSURE_KEY"] = secrets.token_urlsafe(32)
    os.environ["TWINS_WEBHOOK_SECRET"] = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    os.environ["UPSTREAM_CLIENT_SECRET"] = secrets.token_urlsafe(32)
    os.environ["UPSTREAM_PRIVATE_KEY"] = rsa_key()
    os.environ["FERRY_SEAL"] = make_seal()
    atexit.register(_servers.close)


def _set_up_django(worker: str | None) -> None:
    """Load the settings, with what tests need otherwise: own broker, quick passwords, plain files."""
    if worker:
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.GATEWAY_BACKEND_KEPT_SECONDS = 0.0  # a test that changes a backend sees it at once
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    django.setup()
    # A worker inherits our environment: were the settings named there, pytest-django would load them
    # before the worker has come by here and got its own Redis number.
    del os.environ["DJANGO_SETTINGS_MODULE"]


_worker = os.environ.get("PYTEST_XDIST_WORKER")
if _worker is None:
    compile_translations()
    _start_servers()
_set_up_django(_worker)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers when the run ends."""
    _servers.close()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A request leaves its language active in its thread: the next test must not read in it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def twins_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The demonstration departments, a process of their own."""
    twins = start(tmp_path_factory.mktemp("twins"))
    yield twins
    twins.stop()


@pytest.fixture
def twins(twins_process: Twins) -> Iterator[Twins]:
    """Real departments, every one of them well again after the test."""
    yield twins_process
    twins_process.set_mode("_all", "ok")
