"""The loopback ports of the twins: one for each kind of wire, side by side."""

from dataclasses import dataclass

COUNT = 5  # portal/launch checks that as many are free


@dataclass(frozen=True)
class Ports:
    """`web` is TWINS_PORT; the others follow it."""

    web: int

    @property
    def records(self) -> int:
        """Fixed-width records over TCP."""
        return self.web + 1

    @property
    def sftp(self) -> int:
        return self.web + 2

    @property
    def tls(self) -> int:
        """HTTPS that asks for a client certificate."""
        return self.web + 3

    @property
    def identity(self) -> int:
        """The demonstration identity app."""
        return self.web + 4
