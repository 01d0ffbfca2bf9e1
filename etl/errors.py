"""The one exception that is the user's to mend."""

import errno
import os


class InputError(Exception):
    """An input that cannot be used, told in one line.

    The message names the file (and row or field), what is wrong and what to do. Commands print it to
    standard error and exit with status 1; nothing has changed.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))


class NeedsRewriting(InputError):
    """A text that can be used once it is rewritten as UTF-8; the message is for whoever cannot rewrite it.

    `encoding` is what the text is written in, `skipped_lines` how many lines stand above its headers,
    `warnings` what those lines say.
    """

    def __init__(self, message: str, *, encoding: str = "utf-8-sig", skipped_lines: int = 0, warnings: tuple[str, ...] = ()):
        super().__init__(message)
        self.encoding = encoding
        self.skipped_lines = skipped_lines
        self.warnings = warnings


STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""What a disk answers that is full or fails, rather than a program that asks wrongly."""


def storage_problem(error: Exception) -> str | None:
    """What the disk said where an error comes from it, in the words of the operating system; else None.

    DuckDB has no error of its own for a full disk: the words stand in its message, at times behind those of a failed commit.
    """
    if isinstance(error, OSError):
        return error.strerror if error.errno in STORAGE else None
    return next((words for words in map(os.strerror, STORAGE) if words in str(error)), None)
