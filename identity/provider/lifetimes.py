"""How long each thing lasts: short where it travels through a browser, longer where a proof goes with it."""

from datetime import timedelta

CODE = timedelta(seconds=60)  # RFC 6749 section 4.1.2 allows ten minutes
ACCESS_TOKEN = timedelta(minutes=10)
REFRESH_TOKEN = timedelta(days=30)  # counted anew with each use, and never beyond the consent
ID_TOKEN = timedelta(minutes=5)
PUSHED_REQUEST = timedelta(seconds=90)  # RFC 9126 section 2.2: 5 to 600 seconds
WAITING_REQUEST = timedelta(minutes=30)  # while the person signs in, finds their phone, and reads
ASSERTION = timedelta(minutes=10)  # the most that a client assertion may be valid from now
DPOP_PROOF = timedelta(minutes=2)  # age of a proof, and how far its clock may be ahead
CLOCK_SKEW = timedelta(seconds=60)

KEY_PUBLISHED_AHEAD = timedelta(days=2)  # before it signs, so that every client's copy has it
KEY_SIGNS = timedelta(days=90)
KEY_PUBLISHED_AFTER = timedelta(days=2)  # after it stopped, so that every token of it can be checked
