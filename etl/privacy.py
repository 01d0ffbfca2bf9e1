"""No raw id and no personal data in the database: salted hashes for ids, and scrubbing of what strangers put into URLs and labels.

All functions named `*_sql` return SQL expressions over the expression given; the scrubbing ones cost a few regular expressions a value,
so apply them to distinct labels.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path

import duckdb

from etl.errors import InputError

SALT_FILE = ".salt"
MIN_SALT = 16
ID_DIGITS = 24

# RE2 syntax, as DuckDB has it. An @ may be percent-encoded, even twice.
EMAIL = r"[A-Za-z0-9._+\-]+(?:@|%40|%2540)[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"
PRIVATE_NAMES = (
    "token|access_token|refresh_token|id_token|auth|authorization|api_?key|apikey|key|secret|session|session_?id|sid|jsessionid|phpsessid|"
    "password|passwd|pwd|code|otp|signature|sig|hash|reset|invite|jwt|"
    "user|user_?id|uid|user_?name|login|customer_?id|client_?id|account|e_?mail|mail|phone|tel|mobile_?number|"
    "first_?name|last_?name|surname|name|address|zip|postcode|birth_?date|dob|ssn|iban"
)
PAIR = rf"(?i)\b({PRIVATE_NAMES})(=|%3D)[^&;#/\s]*"
JWT = r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?"
UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
HEX = r"\b[0-9a-fA-F]{24,}\b"
LONG_NUMBER = r"\b[0-9]{9,}\b"
CLIENT_ID = r"\b[0-9]{6,}\.[0-9]{9,}\b"
PHONE = r"\+[0-9][0-9 ().\-]{7,}[0-9]"


def salt(folder: Path) -> str:
    """The secret salt: LEAKS_SALT where set, else the one in the folder (the database's), generated once, readable by its owner only."""
    given = os.environ.get("LEAKS_SALT")
    if given is not None:
        if len(given) < MIN_SALT:
            raise InputError(f"LEAKS_SALT: is shorter than {MIN_SALT} characters: set a longer secret (`openssl rand -hex 32` makes one)")
        return given
    path = folder / SALT_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with contextlib.suppress(FileExistsError):
                _create_salt(path)
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise InputError(
            f"{path}: the salt cannot be read or made there ({error.strerror}): set LEAKS_SALT, or choose another place with --db"
        ) from None
    if len(text) < MIN_SALT:
        raise InputError(f"{path}: holds no usable salt: restore it, or delete it together with the database whose ids it made")
    return text


def _create_salt(path: Path) -> None:
    """Write a new salt whole or not at all, so that two first loads at once agree on one."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        os.unlink(draft)


def set_salt(con: duckdb.DuckDBPyConnection, value: str) -> None:
    """Give the salt to a connection, where the expressions below find it: it never stands in a statement's text."""
    con.execute("set variable leaks_salt = ?", [value])


def visitor_id_sql(visitor_key: str) -> str:
    """Salted hash of a raw visitor id: 24 hexadecimal digits; NULL for NULL."""
    return f"left(sha256(getvariable('leaks_salt') || '|visitor|' || {visitor_key}), {ID_DIGITS})"


def session_id_sql(visitor_key: str, visit_key: str, session_date: str) -> str:
    """Salted hash of visitor id, visit id and day: 24 hexadecimal digits; never NULL where the visit id is not.

    The secret enters through the visitor's hash, the outer hash only spreads: half the price of two keyed hashes a row.
    """
    keyed = f"coalesce({visitor_id_sql(visitor_key)}, sha256(getvariable('leaks_salt') || '|visit|' || {visit_key}))"
    return f"left(md5({keyed} || '|' || {visit_key} || '|' || coalesce({session_date}::varchar, '')), {ID_DIGITS})"


def scrub_sql(text: str) -> str:
    """A label without e-mail addresses, tokens, user ids and telephone numbers."""
    for pattern, replacement in _REPLACEMENTS:
        text = f"regexp_replace({text}, '{pattern}', '{replacement}', 'g')"
    return text


def raw_sql(text: str, limit: int = 500, is_split: bool = True) -> str:
    """A rejected row fit to be stored: scrubbed, without ids, on one line and cut.

    `is_split`: the columns that hold ids are hidden already; otherwise anything that may be an id goes.
    """
    text = f"left(regexp_replace({text}, '[\\x00-\\x1f\\x7f]+', ' ', 'g'), {4 * limit})"
    text = scrub_sql(text)
    shortest_number, shortest_word = (9, 24) if is_split else (5, 12)
    for pattern in (
        r"[0-9][.,][0-9]+[eE]\+?[0-9]+",
        rf"[0-9]{{{shortest_number},}}",
        rf"[A-Za-z0-9_\-]*[0-9][A-Za-z0-9_\-]{{{shortest_word},}}",
    ):
        text = f"regexp_replace({text}, '{pattern}', '(id)', 'g')"
    return f"left(trim({text}), {limit})"


def path_sql(url: str) -> str:
    """Path of a page from a URL, a path or host and path: no query, no fragment, scrubbed; NULL where nothing is left."""
    bare = f"regexp_replace({url}, '[?#;].*$', '', 's')"
    path = f"regexp_replace({bare}, '^(([A-Za-z][A-Za-z0-9+.\\-]*:)?//[^/]*|[A-Za-z0-9\\-]+(\\.[A-Za-z0-9\\-]+)+(:[0-9]+)?/)', '/')"
    path = f"regexp_replace({path}, '^//+', '/')"
    path = f"case when {path} = '' and {url} <> '' then '/' else {path} end"
    return f"nullif(left({scrub_sql(path)}, 300), '')"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def scrub(text: str) -> str:
    """The same as `scrub_sql`, in Python."""
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    return text


def raw(text: str, limit: int = 500) -> str:
    """A rejected row fit to be stored, as `raw_sql` makes it in SQL: cut before it is scrubbed, which takes the square of its length."""
    return scrub(re.sub(r"[\x00-\x1f\x7f]+", " ", text[: 4 * limit])).strip()[:limit]


_REPLACEMENTS = (
    (JWT, "(token)"),
    (PAIR, r"\1=(removed)"),
    (EMAIL, "(e-mail)"),
    (UUID, "(id)"),
    (HEX, "(id)"),
    (CLIENT_ID, "(id)"),
    (LONG_NUMBER, "(id)"),
    (PHONE, "(phone)"),
)
