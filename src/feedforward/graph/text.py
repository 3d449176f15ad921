"""Graph <-> text, without loss: for reading, for golden tests, for keeping.

Grammar::

    program := "program {" line* "}"
    line    := name " = " op "(" [name (", " name)*] ")" [" {" attr (", " attr)* "}"] [" @" scope] " : " type
             | "inputs" name*    | "variables" name*    | "outputs" name*    | "update " name " := " name
    name    := "%" int
    attr    := key "=" value
    value   := Python literal | "dtype:" name | "[" value, ... "]" | "<" size ">" | array
    array   := "array(" dtype ", " shape ", " (base64 | number) ")"    a number where the shape is []
    scope   := letters, digits and "_./-" | Python string literal
    type    := dtype "[" size, ... "]"

Sizes are written as in ``dimension.py``. A type is there for the reader and is checked against what the rules infer.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from feedforward.errors import FormatError
from feedforward.graph.dimension import Dimension, parse
from feedforward.graph.limits import MAX_ELEMENTS
from feedforward.graph.node import Array, Literal, Node, as_dtype, build, in_own_context, scope
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.lookup import did_you_mean

__all__ = ["to_text", "from_text", "type_text", "attrs_to_text", "attrs_from_text"]

_LINE = re.compile(
    r"%(?P<name>\d+) = (?P<op>\w+)\((?P<inputs>[%\d, ]*)\)"
    r"(?: \{(?P<attrs>.*)\})?(?: @(?P<scope>[^\s'\"]+|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))?"
    r" : (?P<type>\w+\[[^\]]*\])"
)


def to_text(program: Program, has_names: bool = True) -> str:
    """Return the text of a program; `from_text` gives the same program back.

    Parameters
    ----------
    program : Program
        The program.
    has_names : bool
        Whether the names of leaves and the layers' scopes are in it. Without them, programs that compute the same in
        the same order have the same text.

    Examples
    --------
    >>> from feedforward.ops import placeholder
    >>> x = placeholder((2, 3))
    >>> print(to_text(Program((x,), (), (x.sum(0),))))
    program {
      %0 = placeholder() {name='x', shape=[2, 3], dtype=dtype:float32} : float32[2, 3]
      %1 = sum(%0) {axes=[0]} : float32[3]
      inputs %0
      outputs %1
    }
    """
    names = {node: f"%{number}" for number, node in enumerate(program.nodes)}
    lines = [_node_text(node, names, has_names) for node in program.nodes]
    for word, nodes in (("inputs", program.inputs), ("variables", program.variables), ("outputs", program.outputs)):
        if nodes:
            lines.append(f"{word} {' '.join(names[node] for node in nodes)}")
    lines.extend(f"update {names[variable]} := {names[value]}" for variable, value in program.updates)
    return "\n".join(["program {", *(f"  {line}" for line in lines), "}"])


def from_text(text: str, max_elements: int | None = MAX_ELEMENTS) -> Program:
    """Return the program that a text describes. Nothing in the text is executed.

    Parameters
    ----------
    text : str
        What `to_text` returned, or somebody wrote.
    max_elements : int, optional
        Elements that a value may have when the program runs, see `check_elements`; None for a text that is trusted.

    Raises
    ------
    FormatError
        If a line does not follow the grammar at the top of this file; names the line.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 2 or lines[0] != "program {" or lines[-1] != "}":
        raise FormatError(
            "graph text: the first line must be 'program {' and the last '}'. Give the text of to_text()."
        )
    nodes = _Names()
    ends: dict[str, tuple[Node, ...]] = {"inputs": (), "variables": (), "outputs": ()}
    updates: list[tuple[Node, Node]] = []
    for number, line in enumerate(lines[1:-1], 2):
        try:
            word, _, rest = line.partition(" ")
            if word in ends:
                ends[word] = tuple(nodes[name] for name in rest.split())
            elif word == "update":
                variable, value = rest.split(" := ")
                updates.append((nodes[variable], nodes[value]))
            else:
                name, node = _parse_node(line, nodes)
                if name in nodes:
                    raise FormatError(f"{name} is defined twice")
                nodes[name] = node
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise FormatError(f"graph text, line {number}: {line[:100]!r}: {error}") from error
    return Program(ends["inputs"], ends["variables"], ends["outputs"], tuple(updates), max_elements)


class _Names(dict[str, Node]):
    """The nodes read so far by name."""

    def __missing__(self, name: str) -> Node:
        raise FormatError(f"{name} is not defined above")


def type_text(node: Node) -> str:
    """Return dtype and shape of a node: ``float32[batch, 10]``."""
    return f"{node.dtype.name}[{', '.join(map(str, node.shape))}]"


def attrs_to_text(attrs: Mapping[str, Any]) -> str:
    """Return the attributes of a node as text; `attrs_from_text` gives them back."""
    return ", ".join(f"{key}={_value_text(value)}" for key, value in attrs.items())


def attrs_from_text(text: str) -> dict[str, Any]:
    """Return the attributes that a text describes.

    Raises
    ------
    FormatError
        If the text does not follow the grammar.
    """
    return _Reader(text).attrs()


def _node_text(node: Node, names: dict[Node, str], has_names: bool) -> str:
    shown = node.attrs if has_names else {key: value for key, value in node.attrs.items() if key != "name"}
    attrs = attrs_to_text(shown)
    scope = f" @{_scope_text(node.scope)}" if node.scope and has_names else ""
    return (
        f"{names[node]} = {node.op.name}({', '.join(names[source] for source in node.inputs)})"
        f"{f' {{{attrs}}}' if attrs else ''}{scope} : {type_text(node)}"
    )


def _scope_text(name: str) -> str:
    return name if re.fullmatch(r"[\w./-]+", name) else repr(name)


def _value_text(value: Any) -> str:
    match value:
        case Literal():
            data = _number_text(value.value) or base64.b64encode(np.ascontiguousarray(value.value).tobytes()).decode()
            return f"array({value.value.dtype.name}, {_value_text(value.value.shape)}, {data})"
        case Dimension():
            return f"<{value}>"
        case np.dtype():
            return f"dtype:{value.name}"
        case tuple():
            return f"[{', '.join(_value_text(part) for part in value)}]"
        case bool() | int() | float() | str():
            return repr(value)
    raise FormatError(f"graph text: {value!r} has no text form. An attribute is a number, str, dtype, size or tuple.")


def _number_text(value: Array) -> str:
    """Return one number, in as few digits as tell it from others of its dtype; "" for an array, or a NaN's own bits."""
    if value.ndim:
        return ""
    text = str(value[()])
    return text if _number(value.dtype, text).tobytes() == value.tobytes() else ""


def _number(dtype: np.dtype[Any], text: str) -> Array:
    """Return the number that a text stands for.

    Raises
    ------
    FormatError
        If the dtype holds no such number.
    """
    if dtype.kind == "b" and text in ("True", "False"):
        return np.array(text == "True")
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            result = np.array(float(text)).astype(dtype)
    elif dtype.kind == "b" or not np.iinfo(dtype).min <= (number := int(text)) <= np.iinfo(dtype).max:
        raise FormatError(f"{text[:100]} is no {dtype.name}")
    else:
        result = np.array(number, dtype)
    if str(result[()]) != text:  # it would be taken for another number than it says
        raise FormatError(f"{text[:100]} is no {dtype.name} as this text has it: {result[()]}")
    return result


@in_own_context
def _parse_node(line: str, nodes: dict[str, Node]) -> tuple[str, Node]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise FormatError("not a node, an end or an update")
    if match["op"] not in OPS:
        raise FormatError(f"unknown operation {match['op']!r}. {did_you_mean(match['op'], OPS)}")
    inputs = tuple(nodes[name.strip()] for name in match["inputs"].split(",") if name.strip())
    attrs = attrs_from_text(match["attrs"] or "")
    if match["scope"]:
        with scope(_unquote(match["scope"]) if match["scope"][0] in "'\"" else match["scope"]):
            node = build(OPS[match["op"]], inputs, attrs)
    else:
        node = build(OPS[match["op"]], inputs, attrs)
    if type_text(node) != match["type"]:
        raise FormatError(f"the type is {type_text(node)}, not {match['type']}")
    return f"%{match['name']}", node


class _Reader:
    """Reads attributes, one token at a time."""

    _TOKEN = re.compile(
        r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|<(?P<size>[^>]*)>|dtype:(?P<dtype>\w+)"
        r"|array\((?P<kind>\w+), \[(?P<shape>[\d, ]*)\], (?P<data>[\w+/=.-]*)\)"
        r"|(?P<number>-?(?:inf|nan|\d[\w.+-]*))|(?P<word>\w+)|(?P<sign>[\[\],=]))"
    )

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0

    def attrs(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.position < len(self.text):
            key = self._next()["word"]
            self._expect("=")
            found[str(key)] = self._value(self._next())
            if self.position < len(self.text):
                self._expect(",")
        return found

    def _next(self) -> re.Match[str]:
        match = self._TOKEN.match(self.text, self.position)
        if match is None:
            raise FormatError(f"cannot read {self.text[self.position : self.position + 30]!r}")
        self.position = match.end()
        return match

    def _expect(self, sign: str) -> None:
        if self._next()["sign"] != sign:
            raise FormatError(f"expected {sign!r} before {self.text[self.position :][:30]!r}")

    def _value(self, token: re.Match[str]) -> Any:
        if token["string"] is not None:
            return _unquote(token["string"])
        if token["size"] is not None:
            return parse(token["size"])
        if token["dtype"] is not None:
            return as_dtype(token["dtype"])
        if token["kind"] is not None:
            return Literal(_array(token["kind"], token["shape"], token["data"]))
        if token["number"] is not None:
            text = token["number"]
            return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
        if token["word"] in ("True", "False"):
            return token["word"] == "True"
        if token["sign"] == "[":
            parts = []
            while (token := self._next())["sign"] != "]":
                if token["sign"] != ",":
                    parts.append(self._value(token))
            return tuple(parts)
        raise FormatError(f"cannot read {token[0]!r}")


def _unquote(text: str) -> str:
    return str(ast.literal_eval(text))


def _array(dtype: str, shape: str, data: str) -> Array:
    sizes = [int(size) for size in shape.split(",") if size.strip()]
    if not sizes and not data.endswith("="):  # as base64, one number of 1, 4 or 8 bytes does
        return _number(as_dtype(dtype), data)
    values: Array = np.frombuffer(base64.b64decode(data, validate=True), as_dtype(dtype))
    return values.reshape(sizes)
