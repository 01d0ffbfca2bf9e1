"""What the ranking looks at, from data/leak_dimensions.toml."""

from dataclasses import dataclass
from pathlib import Path

from etl import rules
from etl.errors import InputError
from etl.schema import DATA

FILE = DATA / "leak_dimensions.toml"
KNOWN = (
    "device",
    "browser",
    "operating_system",
    "country",
    "source",
    "medium",
    "campaign",
    "channel",
    "landing",
    "landing_page",
    "landing_group",
    "visitor",
)


@dataclass(frozen=True)
class Settings:
    """Dimensions in their order, and the share of false discoveries allowed."""

    dimensions: tuple[str, ...]
    false_share: float


def read(file: Path | None = None) -> Settings:
    """Read the file; raises InputError with one line where it says something without meaning."""
    file = file or FILE
    told = rules.read(file)
    unknown = set(told) - {"dimensions", "false_share"}
    if unknown:
        raise InputError(f"{file.name}: {', '.join(sorted(unknown))} means nothing here: use dimensions and false_share")
    names = told.get("dimensions")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"{file.name}: dimensions must be a list of names out of {', '.join(KNOWN)}")
    strange = [name for name in names if name not in KNOWN]
    if strange or len(set(names)) < len(names):
        raise InputError(f"{file.name}: dimensions must be different names out of {', '.join(KNOWN)}, not {', '.join(strange or names)}")
    share = told.get("false_share", 0.1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 0.5:
        raise InputError(f"{file.name}: false_share must be above 0 and at most 0.5, not {share!r}")
    return Settings(tuple(names), float(share))
