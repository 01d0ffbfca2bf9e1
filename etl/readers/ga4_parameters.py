"""Parameters of GA4 events: a list of key and value, of which one of four types is filled, as parallel lists.

Looking a key up by its position in a list of keys costs a tenth of filtering a list of structs, and unnesting and joining takes several
times the time and memory.
"""

from __future__ import annotations

from etl.readers.ga4_fields import Fields, cast, children

EMPTY = "{'keys': []::varchar[], 'texts': []::varchar[], 'ints': []::bigint[], 'numbers': []::double[]}"


def lists_sql(fields: Fields) -> str:
    """A struct of parallel lists: keys, texts (as written), ints, numbers."""
    found = fields.elements("event_params")
    if found is None:
        return EMPTY
    source, entry, kind = found
    value = children(children(kind).get("value", ("", None))[1])

    def each(expression: str) -> str:
        return f"list_transform({source}, lambda entry: {expression})"

    def said(name: str, as_type: str) -> str | None:
        if name not in value:
            return None
        own, kind_of_value = value[name]
        return cast((f'{entry}."value"."{own}"', kind_of_value), as_type)

    def first(expressions: list[str | None], as_type: str) -> str:
        have = [one for one in expressions if one]
        if not have:
            return f"null::{as_type}"
        return have[0] if len(have) == 1 else f"coalesce({', '.join(have)})"

    # Where numbers come as text, what is written there is kept, so that nonsense is told from absence.
    is_text = "int_value" in value and str(value["int_value"][1]).lower() == "varchar"
    texts = [said("string_value", "varchar")]
    if is_text:
        texts += [said(name, "varchar") for name in ("int_value", "float_value", "double_value")]
    return (
        f"{{'keys': {each(f'{entry}.key')}, 'texts': {each(first(texts, 'varchar'))}, 'ints': {each(first([said('int_value', 'bigint')], 'bigint'))}, "
        f"'numbers': {each(first([said('double_value', 'double'), said('float_value', 'double')], 'double'))}}}"
    )
