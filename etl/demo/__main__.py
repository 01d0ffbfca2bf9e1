"""Lets `python -m etl.demo` stand alone."""

import argparse
import sys

from etl.errors import InputError

from .command import add_arguments, run

parser = argparse.ArgumentParser(prog="python -m etl.demo")
add_arguments(parser)
try:
    sys.exit(run(parser.parse_args()))
except InputError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
