"""The host key of the SFTP twins: made once, by whoever needs it first, and kept in the state folder."""

import os
from pathlib import Path

import asyncssh


def host_key(state_folder: Path) -> asyncssh.SSHKey:
    """The private key, of which backends pin the public half (`public_line`)."""
    path = state_folder / "twins" / "sftp" / "host_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"host_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
        try:
            os.link(fresh, path)  # not over one that another process has made meanwhile
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return asyncssh.read_private_key(path)


def public_line(state_folder: Path) -> str:
    """As settings of a backend pin it: `ssh-ed25519 AAAA…`."""
    return host_key(state_folder).export_public_key().decode().strip()
