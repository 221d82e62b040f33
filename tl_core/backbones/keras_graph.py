"""The description of a network as Keras writes it: what is in it, and through which layers everything passes. Imports no Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Config = dict[str, Any]
"""A part of a description."""


def objects_of(config: Any) -> Iterator[Config]:
    """Everything in a description that Keras makes something of, except what only training needs."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting.extend(inner for name, inner in value.items() if name != "compile_config")
        elif isinstance(value, list | tuple):
            waiting.extend(value)


def parents(config: Mapping[str, Any]) -> dict[str, set[str]]:
    """For each layer of a flat network, from the input upwards, the layers whose outputs it takes."""
    return {layer["name"]: set(_sources(layer["inbound_nodes"])) for layer in config["layers"]}


def separating(below: Mapping[str, set[str]]) -> list[str]:
    """The layers through which everything passes: no connection leads past them.

    Args:
        below: See `parents`: every layer is on a way from the input to the output, and comes after those it takes.
    """
    places = {name: place for place, name in enumerate(below)}
    reach = dict(places)
    for name, sources in below.items():
        for source in sources:
            reach[source] = max(reach[source], places[name])
    found, furthest = [], -1
    for name, place in places.items():
        if furthest <= place:  # Of the layers before it, none is taken by a later one.
            found.append(name)
        furthest = max(furthest, reach[name])
    return found


def _sources(nodes: Any) -> Iterator[str]:
    for found in objects_of(nodes):
        if found["class_name"] == "__keras_tensor__":
            yield found["config"]["keras_history"][0]
