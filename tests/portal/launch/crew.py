"""A launcher with harmless children, for the tests: `python -m tests.portal.launch.crew VAR [with-servers]`.

Prints "ready" once everything runs. `sleeper` ends when asked, `stubborn` never does, and `parent`
starts its one child again and again.
"""

import os
import signal
import sys
from pathlib import Path

from portal.launch import state
from portal.launch.children import Child
from portal.launch.console import CannotStart, say
from portal.launch.embedded import start_postgres, start_valkey
from portal.launch.supervisor import Interrupted, Supervisor

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = "import subprocess\nwhile True: subprocess.run(['sleep', '600'])"


def main() -> int:
    var, with_servers = Path(sys.argv[1]), len(sys.argv) > 2
    try:
        state.make_folder(var)
        with state.held(var, 18200):
            state.end_leftovers(var)
            sail(Supervisor(var), with_servers=with_servers)
    except CannotStart as reason:
        say(str(reason))
        return 1
    return 0


def sail(supervisor: Supervisor, *, with_servers: bool) -> None:
    supervisor.listen_to_signals()
    try:
        if with_servers:
            say(f"DATABASE_URL={start_postgres(supervisor)}")
            say(f"REDIS_URL={start_valkey(supervisor)}")
        for child in harmless(supervisor.var):
            supervisor.start(child)
        say("ready")
        supervisor.keep_running()
    except Interrupted:
        pass
    finally:
        supervisor.stop()
    say("stopped")


def harmless(var: Path) -> list[Child]:
    env = {**os.environ, state.MARK: str(var)}
    logs = var / "log"

    def child(name: str, command: list[str], stops: int) -> Child:
        return Child(name, command, env, logs / f"{name}.log", grace_seconds=2, stops=stops)

    parent = child("parent", [sys.executable, "-c", PARENT], 2)
    parent.orphan_signal = signal.SIGTERM
    parent.minds_its_own = True
    return [
        child("sleeper", ["sleep", "600"], 0),
        child("stubborn", [sys.executable, "-c", STUBBORN], 1),
        parent,
    ]


if __name__ == "__main__":
    sys.exit(main())
