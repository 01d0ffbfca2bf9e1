"""python -m dashapp: a development server on http://127.0.0.1:8050. python -m dashapp hash-password: a hash for LEAKS_USERS.

python -m dashapp make-token NAME: a token for the scoring API, and its entry for LEAKS_API_TOKENS.
"""

import argparse
import getpass
import sys

from werkzeug.security import generate_password_hash

from dashapp import settings
from dashapp.api import tokens


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashapp", description="Serve the app for development.")
    parser.add_argument("command", nargs="?", choices=["serve", "hash-password", "make-token"], default="serve")
    parser.add_argument("name", nargs="?", help="of the token to make")
    parser.add_argument("--port", type=int, default=settings.DEFAULT_PORT)
    options = parser.parse_args(arguments)
    if options.name and options.command != "make-token":
        parser.error(f"{options.command} takes no name")
    if options.command == "hash-password":
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        print(generate_password_hash(password))
        return 0
    if options.command == "make-token":
        return make_token(parser, options.name)
    from dashapp.about import about
    from dashapp.app import create
    from dashapp.db import Database

    try:
        configured = settings.read()
        app = create(configured)
    except settings.ConfigurationError as problem:
        print(problem, file=sys.stderr)
        return 1
    database = Database(configured.database)
    print(f"Showing {database.path} on http://127.0.0.1:{options.port}: {about(database)}", file=sys.stderr)
    database.close()
    app.run(host="127.0.0.1", port=options.port, debug=False)
    return 0


def make_token(parser: argparse.ArgumentParser, name: str | None) -> int:
    """Print a new token, which is kept nowhere, and what the app has to know of it."""
    if not name:
        parser.error("make-token needs a name for the token")
    try:
        token, entry = tokens.make(name)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"token, for whoever calls: {token}")
    print(f"entry for LEAKS_API_TOKENS: {entry}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
