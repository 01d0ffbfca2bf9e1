"""What a database shows, in one line for the person who starts the server."""

from dashapp import theme
from dashapp.days import span
from dashapp.db import Database, DatabaseUnavailable
from dashapp.queries import common


def about(database: Database) -> str:
    """Sessions, days, and whether they are made up: 10,000 sessions, 2–7 July 2017, demo data."""
    try:
        with database.reading() as read:
            covered, facts = common.coverage(read), common.settings(read)
    except DatabaseUnavailable as problem:
        return str(problem)
    if not covered["sessions"]:
        return "no sessions yet"
    days = span(covered["first"], covered["last"]) if covered["first"] else "without dates"
    said = f"{theme.exact(covered['sessions'])} sessions, {days}"
    return f"{said}, demo data" if facts.get("is_demo") == "true" else said
