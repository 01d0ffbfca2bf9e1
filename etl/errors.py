"""The one exception that is the user's to mend."""


class InputError(Exception):
    """An input that cannot be used, told in one line.

    The message names the file (and row or field), what is wrong and what to do. Commands print it to
    standard error and exit with status 1; nothing has changed.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))
