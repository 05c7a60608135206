"""The WSGI door: every page, and the events of a call (see docs/decisions/0003)."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from portal.watch import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
tracing.switch_on("web")

# A page makes thousands of objects that reference counting takes away again. Looking for cycles after each 700 of
# them costs a fifth of a page (measured); what is loaded by now stays, and need not be looked through at all.
gc.freeze()
gc.set_threshold(25_000, 20, 20)
