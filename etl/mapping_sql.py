"""A bound column map as SQL: for each field of a table of sessions a text expression over the columns c0, c1, … of a scan."""

from __future__ import annotations

from etl.mapping import YES_NO, Column, ColumnMap
from etl.privacy import literal
from etl.readers.text_table import NO_NUMBER

YES = "('true', 'yes', 'y', 't', '1', '1.0')"
NO = "('false', 'no', 'n', 'f', '0', '0.0')"

# Fields of the map that the reader of tables knows under another name.
READ_AS = {"converted": "key_events"}


def fields(mapped: ColumnMap) -> dict[str, str]:
    """The expression of each field that the map fills, under the names of `etl.headers.ALIASES`; partial dates fill none."""
    return {READ_AS.get(name, name): expression(column) for name, column in mapped.columns.items() if not column.is_partial}


def checks(mapped: ColumnMap) -> dict[str, str]:
    """Conditions that reject a row beside those of every table, by the names that `etl.readers.text_table` gives reasons for."""
    found = {}
    for name in YES_NO:
        if name in mapped.columns:
            column = mapped.columns[name]
            found[f"{name}_bad"] = f"coalesce({_says(_first(column))} and ({expression(column)}) is null, false)"
    for column in mapped.columns.values():
        if column.is_partial:
            read = expression(column)
            found["date_bad"] = f"coalesce({_says(_first(column))} and try_strptime({read}, {literal(column.format)}) is null, false)"
    return found


def expression(column: Column) -> str:
    """The text of a field. What cannot be read stays as it is written, so that the row is rejected with its reason."""
    if column.value is not None:
        return literal(column.value)
    if column.field in YES_NO:
        return _yes_no(column)
    if len(column.positions) > 1 or column.factor != 1.0 or column.decimal != ".":
        return _number(column)
    text = _translated(column)
    if column.prefix:
        text = f"case when trim({text}) <> '' then {literal(column.prefix)} || trim({text}) end"
    if column.format and not column.is_partial:
        form = "%Y-%m-%d" if column.field == "date" else "%Y-%m-%d %H:%M:%S"
        return f"coalesce(strftime(try_strptime(trim({text}), {literal(column.format)}), '{form}'), {text})"
    return text


def _first(column: Column) -> str:
    return f"c{column.positions[0]}"


def _says(text: str) -> str:
    return f"(trim({text}) not in {NO_NUMBER})"


def _translated(column: Column) -> str:
    text = _first(column)
    if not column.values:
        return text
    cases = " ".join(f"when {literal(value)} then {literal(meaning)}" for value, meaning in column.values.items())
    other = text if column.other is None else literal(column.other)
    return f"case trim({text}) {cases} else {other} end"


def _yes_no(column: Column) -> str:
    text = f"trim({_first(column)})"
    yes = f"{text} in ({', '.join(map(literal, column.true))})" if column.true else f"lower({text}) in {YES}"
    no = f"{text} in ({', '.join(map(literal, column.false))})" if column.false else f"lower({text}) in {NO}"
    if column.true and not column.false:
        no = f"not ({yes}) and {_says(_first(column))}"
    if column.false and not column.true:
        yes = f"not ({no}) and {_says(_first(column))}"
    return f"case when {yes} then '1' when {no} then '0' end"


def _number(column: Column) -> str:
    """A number from one column or the sum of several, in the unit of the field; the text of the first that is none."""
    texts = [f"c{position}" for position in column.positions]
    plain = texts if column.decimal == "." else [f"replace(replace({text}, '.', ''), ',', '.')" for text in texts]
    amounts = [f"try_cast(trim({text}) as decimal(28, 6))" for text in plain]
    wrong = [f"case when {_says(text)} and {amount} is null then {text} end" for text, amount in zip(texts, amounts, strict=True)]
    known = " or ".join(f"{amount} is not null" for amount in amounts)
    total = " + ".join(f"coalesce({amount}, 0)" for amount in amounts)
    # Through a double, whose text is 3.0 and not 3.000000; whole numbers are exact to 2^53.
    return f"coalesce({', '.join(wrong)}, case when {known} then cast(cast({total} as double) * {column.factor!r} as varchar) end)"
