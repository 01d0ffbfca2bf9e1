"""python -m dashapp: a development server on http://127.0.0.1:8050. python -m dashapp hash-password: a hash for LEAKS_USERS."""

import argparse
import getpass
import sys

from werkzeug.security import generate_password_hash

from dashapp import settings


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashapp", description="Serve the app for development.")
    parser.add_argument("command", nargs="?", choices=["serve", "hash-password"], default="serve")
    parser.add_argument("--port", type=int, default=settings.DEFAULT_PORT)
    options = parser.parse_args(arguments)
    if options.command == "hash-password":
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        print(generate_password_hash(password))
        return 0
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


if __name__ == "__main__":
    sys.exit(main())
