"""Demo exports: one invented shop's traffic in the shapes Google Analytics exports, with leaks planted and the truth beside."""

from .leaks import LEAKS, RENAMED, Leak, Renamed
from .writing import FORMATS, LAST_DAY, write_demo

__all__ = ["FORMATS", "LAST_DAY", "LEAKS", "RENAMED", "Leak", "Renamed", "write_demo"]
