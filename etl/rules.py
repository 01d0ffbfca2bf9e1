"""Files of rules under data/: committed, read by every command that follows them, the user's to change."""

import tomllib
from pathlib import Path

from etl.errors import InputError


def read(path: Path) -> dict:
    """The content of a file of rules; raises InputError with one line where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): restore it from the repository") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: is not valid TOML ({error}): mend that line") from None
