"""Answers as plain JSON values: a component among them would make Plotly's writer clean every value in Python, which takes longer than drawing."""

from typing import Any

from dash.development.base_component import Component

from dashapp.charts import Answer

OWN = frozenset({"available_properties", "available_wildcard_properties"})


def jsonable(answer: Answer) -> Answer:
    """The answer with its components written out, as Dash itself would."""
    return {
        identity: {name: written(value) if name == "children" else value for name, value in properties.items()}
        for identity, properties in answer.items()
    }


def written(value: Any) -> Any:
    """A component, or what may hold some, as dicts and lists."""
    if isinstance(value, Component):
        # The same as `to_plotly_json`, which asks for each of a hundred properties whether it was set.
        properties = {
            name: written(part) if name == "children" else part
            for name, part in vars(value).items()
            if not name.startswith("_") and name not in OWN
        }
        return {"props": properties, "type": value._type, "namespace": value._namespace}
    if isinstance(value, dict) and "props" in value:
        return {**value, "props": {**value["props"], "children": written(value["props"].get("children"))}}
    if isinstance(value, (list, tuple)):
        return [written(part) for part in value]
    return value
