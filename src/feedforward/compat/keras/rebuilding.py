"""Layers and networks from the configurations that `get_config` returned; see ``models.py`` for how these look."""

from __future__ import annotations

from typing import Any

from feedforward.compat.keras.boundary import taken
from feedforward.compat.keras.serializing import custom_objects, own_objects
from feedforward.compat.names import provided, submodule
from feedforward.tensor import Tensor

__all__ = ["class_of", "layer_of", "model_of"]


def class_of(name: Any) -> Any:
    """Return the class of a layer or model by its name in configurations.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = own_objects().get(name)
    for module in ("keras.layers", "keras.models"):
        if found is None and isinstance(name, str) and name.isidentifier():
            found = getattr(submodule(module), name, None)
    if not isinstance(found, type):
        raise ValueError(f"Unknown layer {name!r:.80}. Give custom_objects={{{name!r:.80}: the class}}.")
    return found


@provided("keras.layers.deserialize", "keras.layers.layer_from_config", "keras.utils.layer_utils.layer_from_config")
def layer_of(config: Any, objects: dict[str, Any] | None = None) -> Any:
    """Return the layer that a configuration describes."""
    with custom_objects(objects):
        return class_of(config["class_name"]).from_config(config["config"])


def model_of(cls: Any, config: dict[str, Any], objects: dict[str, Any] | None = None) -> Any:
    """Return the model of layers and calls that a configuration describes.

    Raises
    ------
    ValueError
        If a call needs what nothing made.
    """
    with custom_objects(objects):
        layers = {each["name"]: layer_of(each) for each in config["layers"]}
    tensors: dict[tuple[str, int], list[Tensor]] = {}
    for name, layer in layers.items():
        if hasattr(layer, "output") and type(layer).__name__ == "InputLayer":
            tensors[name, 0] = [taken(layer.output)]
    pending = [
        (each["name"], place, _references(call))
        for each in config["layers"]
        for place, call in enumerate(each["inbound_nodes"])
    ]
    while pending:
        ready = [one for one in pending if all(tuple(source[:2]) in tensors for source in one[2])]
        if not ready:
            raise ValueError(f"from_config: nothing makes what the layer {pending[0][0]!r:.80} is called on.")
        for name, place, sources in ready:
            inputs = [tensors[source[0], source[1]][source[2]] for source in sources]
            result = layers[name](inputs if len(inputs) > 1 else inputs[0])
            tensors[name, place] = result if isinstance(result, list) else [result]
        pending = [one for one in pending if one not in ready]

    def several(references: Any) -> Any:
        found = [tensors[source[0], source[1]][source[2]] for source in _references(references)]
        return found if len(found) > 1 else found[0]

    return cls(several(config["input_layers"]), several(config["output_layers"]), name=config.get("name"))


def _references(references: Any) -> list[Any]:
    """Return a list of references; of a single one it may be that."""
    is_single = len(references) > 0 and isinstance(references[0], str)
    return [references] if is_single else list(references)
