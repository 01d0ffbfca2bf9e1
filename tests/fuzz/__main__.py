"""python -m tests.fuzz [SHAPE …]: take many damaged files through the loader and say what breaks it."""

import argparse
import collections
import os
import sys
import tempfile
from pathlib import Path

from tests.fuzz.lane import SALT, Lane
from tests.fuzz.shapes import SHAPES, make


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=100, help="of each shape")
    parser.add_argument("--case", type=int, help="only this one; its file is kept and its answer shown")
    parser.add_argument("--quick", action="store_true", help="without the search for the best plans of statements")
    given = parser.parse_args()
    os.environ["LEAKS_SALT"] = SALT
    found: dict[str, list] = collections.defaultdict(list)
    folder = Path(tempfile.mkdtemp(prefix="leaks-fuzz-"))
    lane = Lane(folder, is_quick=given.quick)
    for shape in given.shapes or SHAPES:
        counts: collections.Counter = collections.Counter()
        begun = sum(os.times()[:2])
        for number in [given.case] if given.case is not None else range(given.cases):
            case = make(shape, given.seed, number, folder)
            told = lane.run(case)
            counts["faults" if told.fault else "refused late" if told.line and told.is_late else "refused" if told.line else "read"] += 1
            if given.case is not None:
                print(case, case.path, told.line, told.rows, sep="\n")
            else:
                case.path.unlink(missing_ok=True)
            if told.fault:
                key = "".join(letter for letter in told.fault.what if not letter.isdigit())[:90]
                found[f"{shape}: {key}"].append(told.fault)
        print(f"{shape}: {dict(counts)}, {sum(os.times()[:2]) - begun:.1f} s", flush=True)
    for key, faults in found.items():
        print(f"\n{len(faults)} times {key}\n{faults[0]}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
