"""python -m tests.benchmarks: every benchmark with its table, each figure beside a baseline of the same run."""

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import api, flat, ga4, leaks, model, nightly

FOLDER = Path(__file__).resolve().parents[2] / "build" / "benchmarks"

SECTIONS: dict[str, Callable[[Path, float], None]] = {
    "api": api.report,
    "flat": flat.report,
    "ga4": ga4.report,
    "leaks": leaks.report,
    "model": model.report,
    "nightly": nightly.report,
}
"""Name -> a function of the folder for its files and the scale, 1 for the sizes that docs/benchmarks.md gives."""


def main() -> None:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section (may be repeated; default: all)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="a fraction of the sizes, as for a quick look")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or SECTIONS:
        SECTIONS[name](FOLDER, arguments.scale)


if __name__ == "__main__":
    main()
