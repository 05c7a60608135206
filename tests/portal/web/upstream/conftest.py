"""The pages of the identity app, with the app itself at the other end."""

from tests.identity.upstream.fixtures import citizen, desktop, identity_app

__all__ = ["citizen", "desktop", "identity_app"]
