"""What can stand in the way of keeping, correcting or ending a person's data."""


class ProfileError(Exception):
    """Base of this room's errors. Its text never holds a value."""


class Unusable(ProfileError):
    """A value that is not one of its field."""

    def __init__(self, name: str) -> None:
        super().__init__(f"this is no {name}")
        self.name = name


class AlreadyKnown(ProfileError):
    """Another person has this number."""


class NotCorrectable(ProfileError):
    """Nobody but the person vouches for it: they change it themselves."""


class NotOpen(ProfileError):
    """It was answered, cancelled or carried out already."""


class NotClosable(ProfileError):
    """An account of staff, which their department ends."""
