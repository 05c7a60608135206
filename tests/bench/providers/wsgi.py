"""The WSGI door of whichever DJANGO_SETTINGS_MODULE names."""

import cryptography.hazmat.primitives.serialization  # noqa: F401 (django-allauth's first threads trip over importing it)
import jwt  # noqa: F401
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
