"""Run with a provider's settings: its tables, its two clients and signed-in people; prints the session cookies."""

import json
import sys
from importlib import import_module
from os import environ

import django


def main() -> None:
    """Arguments: how many people, the redirect_uri, the secret of the confidential client."""
    number, redirect_uri, secret = sys.argv[1:]
    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    provider = import_module(environ["DJANGO_SETTINGS_MODULE"])
    provider.prepare_client("public", "", redirect_uri)
    provider.prepare_client("confidential", secret, redirect_uri)
    sessions = []
    for each in range(int(number)):
        browser = Client()
        person = get_user_model().objects.create_user(
            f"person{each}", f"person{each}@example.hk", first_name="Tai Man", last_name="Chan"
        )
        browser.force_login(person)
        sessions.append({settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value})
    print(json.dumps(sessions))


if __name__ == "__main__":
    main()
