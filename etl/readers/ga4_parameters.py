"""Parameters of GA4 events: a list of key and value, of which one of four types is filled.

A parameter is looked up by its position in a list of the keys, and only what its column needs is read of its value. Taking the values into
lists of their own costs a third more, filtering a list of structs several times as much, and unnesting and joining takes several times the
time and memory.
"""

from __future__ import annotations

from etl.readers.ga4_fields import Fields, cast, children

ALWAYS = {
    "ga_session_id": ("int", "text"),
    "ga_session_number": ("int", "text"),
    "engagement_time_msec": ("int", "text"),
    "session_engaged": ("int", "text"),
    "value": ("double", "float", "int", "text"),
    "page_location": ("text",),
}
"""Parameters read of each event, and as what."""

WHERE = {
    "source": (("text",), "click_source is null"),
    "medium": (("text",), "click_source is null"),
    "campaign": (("text",), "click_source is null"),
    "gclid": (("text",), "click_source is null"),
    "firebase_screen": (("text",), "page_location is null"),
    "firebase_screen_class": (("text",), "page_location is null"),
    "currency": (("text",), "is_money"),
    "transaction_id": (("int", "text"), "is_money"),
}
"""Parameters read of some events: what for, and of which. Where the export credits a session to a source, what its events tell of one
counts for nothing."""

TYPES = {"int": "bigint", "double": "double", "float": "double", "text": "varchar"}
FIELDS = {"int": "int_value", "double": "double_value", "float": "float_value", "text": "string_value"}


class Parameters:
    """The columns that parameters make, such as param_value_double: expressions over the columns of `sources`."""

    def __init__(self, fields: Fields):
        self.list, self.entry, kind = fields.elements("event_params") or (None, None, None)
        self.value = children(children(kind).get("value", ("", None))[1])

    def sources(self) -> dict[str, str]:
        """Columns of the scan that the lookups read: the list of keys and that of the entries."""
        if self.list is None:
            return {}
        return {"param_keys": f"list_transform({self.list}, lambda entry: {self.entry}.key)", "param_entries": self.list}

    def columns(self) -> dict[str, str]:
        """Expressions by the name of the column: param_<parameter>_<type>, and params_hash."""
        found = {}
        for name, kinds in ALWAYS.items():
            found |= {f"param_{name}_{kind}": self.looked_up(name, kind) for kind in kinds}
        where = {
            "click_source is null": "click_source is null",
            "page_location is null": f"{found['param_page_location_text']} is null",
            "is_money": "is_money",
        }
        for name, (kinds, condition) in WHERE.items():
            for kind in kinds:
                found[f"param_{name}_{kind}"] = f"case when {where[condition]} then {self.looked_up(name, kind)} end"
        found["params_hash"] = f"case when batch_page_id is null or batch_event_index is null then {self.hash()} end"
        return found

    def looked_up(self, name: str, kind: str) -> str:
        """A parameter of an event as one type, NULL where it has none."""
        if self.list is None:
            return f"null::{TYPES[kind]}"
        entry = f"param_entries[list_position(param_keys, '{name}')]"
        return self.said(self.entry.replace("entry", entry, 1), kind)

    def said(self, entry: str, kind: str) -> str:
        """What an entry says as one type."""
        kinds = [kind]
        # Where numbers come as text, what is written there is kept, so that nonsense is told from absence.
        if kind == "text" and "int_value" in self.value and str(self.value["int_value"][1]).lower() == "varchar":
            kinds += ["int", "float", "double"]
        own = [self.value[FIELDS[one]] for one in kinds if FIELDS[one] in self.value]
        said = [cast((f'{entry}."value"."{name}"', type_), TYPES[kind]) for name, type_ in own]
        if not said:
            return f"null::{TYPES[kind]}"
        return said[0] if len(said) == 1 else f"coalesce({', '.join(said)})"

    def hash(self) -> str:
        """A number that is the same for the same parameters in any order."""
        if self.list is None:
            return "0"
        as_text = ", ".join(
            [f"cast({self.said(self.entry, 'int')} as varchar)"]
            + [f"cast(coalesce({self.said(self.entry, 'double')}, {self.said(self.entry, 'float')}) as varchar)"]
            + [self.said(self.entry, "text")]
        )
        hashed = f"cast(hash({self.entry}.key, coalesce({as_text})) >> 24 as bigint)"
        return f"coalesce(list_sum(list_transform(param_entries, lambda entry: {hashed})), 0)"
