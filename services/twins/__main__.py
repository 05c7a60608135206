"""`python -m services.twins`: reads TWINS_PORT (8100), FERRY_VAR (var/) and TWINS_SFTP_PASSWORD."""

import asyncio
import errno
import os
import secrets
import sys
from pathlib import Path

from services.twins.server import serve

DEFAULT_STATE_FOLDER = Path(__file__).resolve().parents[2] / "var"


def main() -> int:
    port = os.environ.get("TWINS_PORT", "8100")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        print(f"TWINS_PORT must be a port number, not {port!r}.", file=sys.stderr)
        return 2
    try:
        state_folder = Path(os.environ.get("FERRY_VAR") or DEFAULT_STATE_FOLDER)
        # Without a password of their own nobody can guess one, and nobody gets in.
        password = os.environ.get("TWINS_SFTP_PASSWORD") or secrets.token_urlsafe()
        asyncio.run(serve(int(port), state_folder, password))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"Port {port} is taken. Choose another one with TWINS_PORT.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
