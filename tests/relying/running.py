"""Departments' own sites as processes on loopback, each built on a client that nobody here wrote."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.ports import free_port

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
NODE = HERE / "node"
APACHE_MODULES = Path("/usr/lib/apache2/modules")
START_SECONDS = 60


@dataclass
class Site:
    """A department's site: where it is, and what it writes."""

    url: str
    log: Path


@dataclass(frozen=True)
class Registered:
    """What a department got when its client was approved."""

    client_id: str
    secret: str = ""
    key: str = ""  # a private JWK as JSON, for private_key_jwt


@contextmanager
def python_site(kind: str, port: int, issuer: str, client: Registered, folder: Path) -> Iterator[Site]:
    """`kind` is mozilla (mozilla-django-oidc) or authlib (Authlib's client for Django)."""
    words = {"KIND": kind, "FOLDER": str(folder), "CLIENT_SECRET": client.secret, "PYTHONPATH": str(HERE / "sites")}
    command = [sys.executable, str(HERE / "sites" / "django_site.py")]
    with _process(command, port, issuer, client, folder, words) as site:
        yield site


@contextmanager
def node_site(port: int, issuer: str, client: Registered, folder: Path) -> Iterator[Site]:
    """openid-client on node, installed from the lock file where that was not done yet."""
    if not (NODE / "node_modules" / "openid-client").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=NODE, check=True)
    words = {"CLIENT_KEY": client.key} if client.key else {"CLIENT_SECRET": client.secret}
    with _process(["node", str(NODE / "relying.mjs")], port, issuer, client, folder, words) as site:
        yield site


@contextmanager
def apache_site(port: int, issuer: str, client: Registered) -> Iterator[Site]:
    """Debian's Apache with mod_auth_openidc, as a process of its own with its files in one folder."""
    folder = Path(tempfile.mkdtemp(prefix="ferry-apache-"))
    folder.chmod(0o755)  # started by root, it serves as www-data
    try:
        (folder / "public" / "private").mkdir(parents=True)
        (folder / "public" / "private" / "index.html").write_text('<p id="answer">Inside</p>')
        (folder / "public" / "bye.html").write_text('<p id="answer">Bye</p>')
        facts = {
            "FOLDER": str(folder), "PORT": str(port), "ISSUER": issuer, "MODULES": str(APACHE_MODULES),
            "CLIENT_ID": client.client_id, "CLIENT_SECRET": client.secret,
            "USER": "User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        }  # fmt: skip
        text = (HERE / "apache.conf").read_text()
        for name, value in facts.items():
            text = text.replace(f"{{{name}}}", value)
        (folder / "apache.conf").write_text(text)
        command = ["/usr/sbin/apache2", "-X", "-f", str(folder / "apache.conf")]
        with _process(command, port, issuer, client, folder, {}, ready="/bye.html") as site:
            yield site
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(
    command: list[str],
    port: int,
    issuer: str,
    client: Registered,
    folder: Path,
    words: dict[str, str],
    *,
    ready: str = "/bye",
) -> Iterator[Site]:
    site = Site(f"http://127.0.0.1:{port}", folder / f"site-{port}.log")
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**plain, "ISSUER": issuer, "PORT": str(port), "CLIENT_ID": client.client_id, **words}
    with site.log.open("w") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=log, stderr=log)
    try:
        _wait(process, f"{site.url}{ready}", site.log)
        yield site
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the site stopped:\n{log.read_text()}")
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise TimeoutError(f"the site did not start:\n{log.read_text()}")


def site_port() -> int:
    """A free port for one more site."""
    return free_port()


def answer(text: str) -> dict[str, object]:
    """What a site showed as JSON."""
    found: dict[str, object] = json.loads(text)
    return found
