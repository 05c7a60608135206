"""`manage.py end_sessions`: sign one person out everywhere, or everybody."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.accounts import open_sessions
from identity.accounts.models import User


class Command(BaseCommand):
    help = "Sign a person out on every device, or everybody with --all; departments' own sites are told."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", nargs="?", help="user name")
        parser.add_argument("--all", action="store_true", help="everybody, yourself too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError for somebody unknown, and unless exactly one of both is given."""
        name, everybody = options["person"], options["all"]
        if bool(name) == bool(everybody):
            raise CommandError("Name one person, or give --all.")
        if everybody:
            ended = open_sessions.end(UserSession.objects.iterator())
            Session.objects.all().delete()  # those of nobody, and any that the list does not know
        else:
            person = User.objects.filter(username=name).first()
            if person is None:
                raise CommandError("There is nobody of that name.")
            ended = open_sessions.end_others(person, key=None)
        self.stdout.write(f"{ended} sessions ended.")
