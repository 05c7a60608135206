"""A citizen with a filled profile, signed in, and a function to send: those of the doing of functions."""

from tests.portal.web.doing.conftest import citizen, function, signed_in

__all__ = ["citizen", "function", "signed_in"]
