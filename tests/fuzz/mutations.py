"""Ways in which exports are damaged: their bytes, rows, cells, headers, and the values nested in them.

Every function takes the random numbers of its case, so that a case is told by its number alone.
"""

from __future__ import annotations

import copy
from random import Random

TEXTS = [
    "", " ", "0", "-1", "1", "NaN", "inf", "-inf", "1e999", "1e18", "99999999999999999999", "9223372036854775807", "2147483648", "-2147483649",
    "0x10", "1_000", "1,5", "1.234,56", "1,234.56", "$5.00", "5 %", "true", "FALSE", "null", "None", "(not set)", "\x00", "a\x00b", "\ud800",
    "\udfff", "\ufeff", "\u202e", "\u2028", "é", "💧", "'", '"', '""', "''; drop table sessions; --", "\\", "\\N", "\n", "\r\n", "\t", ",", ";",
    "{", "}", "[", "[]", "{}", '{"a": 1}', '{"a": {"b": [1, 2]}}', "{'a': 1}", "[" * 200, '{"a":' * 200, "=1+1", "<script>", "%00", "%",
    "$1", "{0}", "x" * 3_000, "9" * 400, "0." + "1" * 60, "20170704", "2017-07-04", "04/07/2017", "20170230", "00000000", "99999999",
    "42920", "1499201738", "1499201738000", "1499201738000000", "-62135596800", "253402300800", "2.82E+18", "a@b.example", "fullVisitorId",
    "Grand total", "(other)", "date_range_1", "RESERVED_TOTAL", "10000000000", "1e11", "100000000000000", "4102444800000000", "9007199254740993",
]  # fmt: skip
"""What is put in place of a text."""

VALUES = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), [], {}, [[]], [None],
    [{}], {"": ""}, {"a": {"a": {"a": 1}}}, [1, "a", None, {}],
]  # fmt: skip
"""What is put in place of a value of JSON, beside the texts."""

PIECES = [
    b'"', b"'", b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"|", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3", b"\xed\xa0\x80",
    b"\x80", b"{", b"}", b"[", b"]", b":", b"\\", b"\\u0000", b"\\ud800", b"null", b"NaN", b"1e999", b"-", b"#", b"\x1f\x8b", b"PAR1", b"PK\x03\x04",
    b"\x28\xb5\x2f\xfd", b'""', b'"\n', b"\x1a", b"\x0b", b"--", b"99999999999999999999",
]  # fmt: skip


def nasty_text(random: Random) -> str:
    return random.choice(TEXTS)


def nasty_value(random: Random):
    """A value of JSON; a few are nested deeply, yet not so that Python could not write them."""
    kind = random.random()
    if kind < 0.5:
        return random.choice(TEXTS)
    if kind < 0.94:
        return copy.deepcopy(random.choice(VALUES))
    value: object = random.choice([1, "x", None])
    for _ in range(random.choice([10, 120, 400])):
        value = [value] if kind < 0.97 else {"a": value}
    return value


def cut_bytes(random: Random, content: bytes) -> bytes:
    """One damage to bytes: bits flipped, a piece inserted, overwritten, removed, doubled or moved, or the end cut off."""
    if not content:
        return random.choice(PIECES)
    place = random.randrange(len(content))
    if random.random() < 0.2:  # the ends say most about a file
        place = random.choice([0, min(4, len(content) - 1), max(0, len(content) - 9), len(content) - 1])
    size = min(random.choice([1, 1, 2, 4, 16, 200]), len(content) - place)
    kind = random.randrange(8)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ (1 << random.randrange(8))]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + random.choice(PIECES) + content[place:]
    if kind == 2:
        return content[:place] + random.choice(PIECES) + content[place + size :]
    if kind == 3:
        return content[:place] + content[place + size :]
    if kind == 4:
        return content[:place] + content[place : place + size] * random.choice([2, 3, 50]) + content[place + size :]
    if kind == 5:
        other = random.randrange(len(content))
        return content[:place] + content[other : other + size] + content[place:]
    if kind == 6:
        return content[:place] + random.randbytes(size) + content[place + size :]
    return content[:place]


def change_table(random: Random, table: list[list[str]]) -> None:
    """One change to a table of texts whose first row is its header."""
    header, rows = table[0], table[1:]
    if not rows or not header:
        table.append([nasty_text(random)])
        return
    row = random.choice(rows)
    column = random.randrange(len(header))
    kind = random.randrange(17)
    if kind <= 3 and row:
        row[random.randrange(len(row))] = nasty_text(random)
    elif kind == 4:
        value = nasty_text(random)
        for each in rows:
            if len(each) > column:
                each[column] = value
    elif kind == 5:
        for each in rows:
            if len(each) > column:
                each[column] = random.choice(TEXTS[:40])
    elif kind == 6:
        del table[random.randrange(1, len(table))]
    elif kind == 7:
        table.insert(random.randrange(1, len(table) + 1), list(row))
    elif kind == 8:
        other = random.choice(rows)
        if len(row) > column and len(other) > column:
            row[column], other[column] = other[column], row[column]
    elif kind == 9 and row:
        first, second = random.randrange(len(row)), random.randrange(len(row))
        row[first], row[second] = row[second], row[first]
    elif kind == 10:
        header[column] = random.choice([nasty_text(random), header[column].upper(), f" {header[column]} ", header[column] + "2"])
    elif kind == 11:
        header[column] = random.choice(header)
    elif kind == 12:
        for each in table:
            del each[column : column + 1]
    elif kind == 13:
        for each in table:
            each.insert(column, each[column] if len(each) > column else "")
    elif kind == 14:
        for each in table:
            other = len(header) - 1 - column
            if len(each) == len(header):
                each[column], each[other] = each[other], each[column]
    elif kind == 15:
        row += [nasty_text(random)] * random.choice([1, 3])
    else:
        del row[random.randrange(len(row) + 1) :]


def places(value, found: list, depth: int = 0) -> list:
    """Every place in nested values as the container and the key in it."""
    if depth < 40 and isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            places(value[key], found, depth + 1)
    return found


def change_value(random: Random, root) -> None:
    """One change somewhere in nested values: replaced, dropped, renamed, doubled, wrapped, unwrapped, or of another type."""
    found = places(root, [])
    if not found:
        if isinstance(root, list):
            root.append(nasty_value(random))
        else:
            root["a"] = nasty_value(random)
        return
    # The upper levels are few among all places, and matter most.
    if random.random() < 0.3:
        found = found[: max(1, len(found) // 20)] if random.random() < 0.5 else [each for each in found if each[0] is found[-1][0]]
    inside, key = random.choice(found)
    value = inside[key]
    kind = random.randrange(11)
    if kind <= 3:
        inside[key] = nasty_value(random)
    elif kind == 4:
        del inside[key]
    elif kind == 5 and isinstance(inside, dict):
        inside[random.choice([nasty_text(random), str(key).upper(), f"{key}2"])] = inside.pop(key)
    elif kind == 5 or kind == 6:
        if isinstance(inside, list):
            inside += [copy.deepcopy(value)] * random.choice([1, 3])
        else:
            inside[nasty_text(random)] = copy.deepcopy(value)
    elif kind == 7:
        inside[key] = random.choice([[value], {"list": [{"element": value}]}, {"value": value}])
    elif kind == 8:
        inside[key] = (
            next(iter(value.values() if isinstance(value, dict) else value), None) if isinstance(value, dict | list) else str(value)
        )
    elif kind == 9:
        inside[key] = other_type(random, value)
    else:
        donor, from_key = random.choice(found)
        inside[key] = copy.deepcopy(donor[from_key]) if not holds(donor[from_key], inside) else None


def holds(value, inside) -> bool:
    """Whether a container is, or stands in, a value: putting that value into it would nest it in itself."""
    return value is inside or any(child[key] is inside for child, key in places(value, []))


def other_type(random: Random, value):
    """The same as another type of JSON."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return random.choice([str(value), -value, value * 1.5, value * 10**9, bool(value)])
    if isinstance(value, str):
        try:
            return float(value) if random.random() < 0.5 else int(value)
        except (ValueError, OverflowError):
            return [value]
    if isinstance(value, list):
        return dict(enumerate(map(str, value)))
    return list(value.items())


def change_column(random: Random, rows: list[dict]) -> None:
    """One change to the same field of all rows, so that a file of typed columns has it under another type."""
    paths = sorted({path for row in rows[:3] for path in field_paths(row)})
    if not paths:
        return
    path = random.choice(paths)
    kind = random.randrange(9)
    value = nasty_value(random)
    name = random.choice([path[-1].upper(), f"{path[-1]}2", "", "a b", 'q"', "x" * 300])
    if name in (path[-1], "") and kind == 1:
        name = "renamed"
    for row in rows:
        inside = row
        for part in path[:-1]:
            inside = inside.get(part) if isinstance(inside, dict) else None
        if not isinstance(inside, dict) or path[-1] not in inside:
            continue
        key = path[-1]
        if kind == 0:
            del inside[key]
        elif kind == 1:
            inside[name] = inside.pop(key)
        elif kind == 2:
            inside[key] = value
        elif kind == 3:
            inside[key] = str(inside[key])
        elif kind == 4:
            inside[key] = [inside[key]]
        elif kind == 5:
            inside[key] = {"list": [{"element": inside[key]}]}
        elif kind == 6:
            inside[key] = None
        elif kind == 7:
            inside[key] = float(inside[key]) * 1.5 if isinstance(inside[key], int | float) else len(str(inside[key]))
        else:
            inside[key] = {key: inside[key]}


def field_paths(row: dict, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The fields of a row and of the records in it."""
    found = []
    for key, value in row.items():
        found.append((*before, key))
        if isinstance(value, dict) and len(before) < 3:
            found += field_paths(value, (*before, key))
    return found
