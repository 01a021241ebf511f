"""What a command ends with when it cannot do what it was asked for."""


class Failure(Exception):
    """The message is for the user: what is wrong, and what to do."""
