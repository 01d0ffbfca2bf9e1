"""What the data page reads: what was loaded, what was not and why."""

from dashapp.db import Reading, Row


def loads(read: Reading) -> list[Row]:
    """The files loaded, newest first."""
    return read.rows("from loads order by load_id desc limit 200")


def rejects(read: Reading) -> list[Row]:
    """Rows not loaded, by reason."""
    return read.rows("select reason, rows, example from rejects_by_reason order by rows desc, reason limit 100")


def bots(read: Reading) -> list[Row]:
    """Sessions judged automated, by rule."""
    return read.rows("select rule, description, sessions from bots_by_rule order by sessions desc, rule")


def warnings(read: Reading) -> list[Row]:
    """What a reader of the numbers should know, warnings first."""
    return read.rows("select severity, topic, message from data_warnings order by severity = 'warning' desc, topic")


def days(read: Reading) -> list[Row]:
    """Each day between the first and the last, and whether it is missing."""
    return read.rows("select session_date, sessions, is_missing from date_coverage order by session_date")
