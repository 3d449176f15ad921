"""``keras.utils.plot_model``: the layers of a model as a text for Graphviz, which is not run here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from feedforward.atomic import write_bytes
from feedforward.compat.names import provided, refuse

__all__: list[str] = []


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _label(layer: Any, show_shapes: bool, show_layer_names: bool) -> str:
    kind = type(layer).__name__
    parts = [f"{layer.name}: {kind}" if show_layer_names else kind]
    if show_shapes:
        parts += [f"{word}: {getattr(layer, f'{word}_shape', 'multiple')}" for word in ("input", "output")]
    return "\\n".join(map(_quoted, parts))


@provided("keras.utils.plot_model", "keras.utils.vis_utils.plot_model", "keras.utils.visualize_util.plot")
def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
) -> None:
    """Write how the layers of a model follow one another, for Graphviz: to a file that ends in ``.dot``.

    Parameters
    ----------
    model : Model
        The model.
    to_file : path
        What Keras drew; another ending is put in place of its own.
    show_shapes, show_layer_names : bool
        What stands in the boxes besides.
    rankdir : {"TB", "LR"}
        Whether layers follow downwards or to the right.
    expand_nested : bool
        Refused where it is true.
    dpi : int
        Of the picture.
    """
    if expand_nested:
        raise ValueError("plot_model(expand_nested=True): it is not provided. Plot the model inside by itself.")
    layers = model.layers
    places = {id(layer): place for place, layer in enumerate(layers)}
    lines = [f"digraph {{ rankdir={rankdir}; dpi={dpi}; node [shape=box];"]
    lines += [
        f'{place} [label="{_label(layer, show_shapes, show_layer_names)}"];' for place, layer in enumerate(layers)
    ]
    arrows: dict[str, None] = {}
    inputs = {layer.name: places[id(layer)] for layer in layers}
    for output in model.network.calls.values():
        for source in output.call.inputs:
            before = model.network.calls.get(source)
            start = inputs.get(source.attrs.get("name")) if before is None else places.get(id(before.call.layer))
            if start is not None and id(output.call.layer) in places:
                arrows[f"{start} -> {places[id(output.call.layer)]};"] = None
    target = Path(to_file).with_suffix(".dot")
    write_bytes(target, "\n".join([*lines, *arrows, "}"]).encode() + b"\n")
    sys.stderr.write(f"feedforward: plot_model: no picture is drawn; {target} has the layers, for Graphviz\n")


refuse("plot_model() writes a file for Graphviz.", "keras.utils.model_to_dot", "keras.utils.vis_utils.model_to_dot")
