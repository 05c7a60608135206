"""`make test`: static checks, tests and browser journeys side by side, and one clear summary.

The last line is the total of the test runs, alone: `N passed, N failed, N skipped`.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from cryptography.fernet import Fernet

from portal.launch.children import end_with_parent
from portal.launch.state import ROOT
from portal.launch.translations import compile_translations

REPORTS = ROOT / "var" / "test"
TIME_LIMIT_SECONDS = 25 * 60  # a run takes six to eight minutes on two quiet cores
GRACE_SECONDS = 20
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]


@dataclass
class Job:
    """One command, with what came of it."""

    name: str
    arguments: list[str]
    report: Path | None = None  # junit XML, of a test run
    output: str = ""
    status: int | None = None
    seconds: float = 0.0

    async def run(self, env: dict[str, str]) -> None:
        """Run it, keep its output, and say how it went."""
        begun = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.arguments,
            cwd=ROOT,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
        )
        try:
            async with asyncio.timeout(TIME_LIMIT_SECONDS):
                assert process.stdout is not None
                while written := await process.stdout.read(65536):
                    self.output += written.decode(errors="replace")
                self.status = await process.wait()
        except TimeoutError:
            self.output += f"\nNot done after {TIME_LIMIT_SECONDS} s."
        finally:
            await end(process)
        self.seconds = time.monotonic() - begun
        self.say()

    def say(self) -> None:
        """One line; a failure shows everything it wrote."""
        is_well = self.status == 0
        last = self.output.strip().splitlines()[-1] if self.report and self.output.strip() else ""
        print(f"{'ok    ' if is_well else 'FAILED'} {self.name} ({self.seconds:.0f} s) {last}", flush=True)
        if not is_well:
            print(self.output, flush=True)


async def end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing behind: an interrupt first, so that a test run stops its servers."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def checks() -> list[Job]:
    """What needs no server."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return [
        Job("format", ["-m", "ruff", "format", "--check", "."]),
        Job("lint", ["-m", "ruff", "check", "."]),
        Job("templates", ["-m", "djlint", "--lint", "--quiet", "portal", "identity", "services"]),
        Job("imports", ["-c", linter]),
        Job("migrations", ["-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"]),
        Job("types", ["-m", "mypy"]),
    ]


# They start and kill processes, and wait for them more than they reckon: beside the faults they keep nobody waiting.
OF_PROCESSES = ("tests/portal/launch", "tests/portal/watch/test_all_logs.py")
OF_BATCHES = "tests/services/gateway/test_sftp_line.py"
APART = ("tests/journeys", "tests/relying", "tests/conformance", "tests/faults", *OF_PROCESSES, OF_BATCHES)


def tests() -> list[list[Job]]:
    """The test runs in lanes that end at about the same time: journeys wait for a browser, faults for leases to end."""
    units = [f"--ignore={path}" for path in APART]
    return [
        [_run("tests", "units", "tests", *units, "-n", "2")],
        [_run("journeys", "journeys", "tests/journeys"), _run("relying sites", "relying", "tests/relying")],
        [
            _run("faults", "faults", "tests/faults"),
            _run("processes", "processes", *OF_PROCESSES),
            _run("batches", "batches", OF_BATCHES),
            _run("conformance", "conformance", "tests/conformance"),
        ],
    ]


def _run(name: str, report: str, *arguments: str) -> Job:
    path = REPORTS / f"{report}.xml"
    return Job(name, [*PYTEST, *arguments, f"--junitxml={path}"], path)


async def run_lanes(lanes: list[list[Job]]) -> None:
    """Lanes side by side, the jobs of a lane one after another."""
    keys = {"SECRET_KEY": secrets.token_urlsafe(50), "FERRY_DATA_KEYS": Fernet.generate_key().decode()}
    env = {**os.environ, **keys}
    # Named by our own imports; pytest-django would load the settings before the tests have started their servers.
    env.pop("DJANGO_SETTINGS_MODULE", None)

    async def run_lane(lane: list[Job]) -> None:
        for job in lane:
            await job.run(env)

    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    loop.add_signal_handler(signal.SIGTERM, this.cancel)
    await asyncio.gather(*(run_lane(lane) for lane in lanes))


def total(jobs: list[Job]) -> Counter[str]:
    """Tests by outcome, over all reports."""
    counts: Counter[str] = Counter()
    for job in jobs:
        if job.report and job.report.exists():
            for suite in ElementTree.parse(job.report).iter("testsuite"):  # noqa: S314 (pytest wrote it)
                number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
                failed = number["failures"] + number["errors"]
                counts.update(failed=failed, skipped=number["skipped"])
                counts["passed"] += number["tests"] - failed - number["skipped"]
    return counts


def main() -> int:
    """Run all, or the checks alone; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--checks", action="store_true", help="only the static checks")
    only_checks = parser.parse_args().checks
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True, mode=0o700)
    compile_translations()
    lanes = [checks(), *([] if only_checks else tests())]
    try:
        asyncio.run(run_lanes(lanes))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("Stopped.")
        return 130
    jobs = [job for lane in lanes for job in lane]
    failed = [job.name for job in jobs if job.status != 0]
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll is well.")
    if not only_checks:
        counts = total(jobs)
        print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
