"""How the version that a program was written for is read off its text: by the names and arguments that versions had.

Every name that only some versions had has a row here with the first version that has it and the first that has it no
more. The program is taken for the version that has most of its names; among equals for the one that programs were
written for most. Programs are parsed and never run. Not here: what the versions did differently.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from feedforward.compat.version import VERSIONS, Version, together

__all__ = ["Source", "Reading", "read_version"]

_EVER = (99, 0)
_TENSORFLOW_ROWS = ("tf2.0", "tf1.15", "tf1.4", "tf0.12")
_KERAS_ROWS = ("keras2", "keras2.3", "keras1")
"""The first that has most of a program's names is chosen."""

_OTHER = {
    "tf0.12": "tf1.15",
    "tf1.4": "tf1.15",
    "tf1.15": "tf2.0",
    "tf2.0": "tf1.15",
    "keras1": "keras2",
    "keras2": "keras1",
    "keras2.3": "keras2",
}
"""The version that a program could be taken for in place of one."""


@dataclass(frozen=True)
class Source:
    """A part of a program.

    Parameters
    ----------
    label : str
        What messages call it: empty for the program's own file, ``"model.py"``, ``"cell 3"``.
    text : str
        What stands in it.
    """

    label: str
    text: str

    def place(self, line: int) -> str:
        """Return what messages call a line of it."""
        return f"in {self.label}, line {line}" if self.label else f"at line {line}"


@dataclass(frozen=True)
class Reading:
    """The version that a program was written for, and why.

    Parameters
    ----------
    version : Version
        The version.
    reason : str
        What decided it, with its line.
    other : Version
        The version to try for who doubts it: the one that has not what decided.
    """

    version: Version
    reason: str
    other: Version


@dataclass(frozen=True)
class _Span:
    """Names that some versions have.

    Parameters
    ----------
    names : str
        A regular expression for them.
    since, until : tuple of int
        The first version that has them, and the first that has them no more.
    """

    names: str
    since: tuple[int, int] = (0, 0)
    until: tuple[int, int] = _EVER


_TENSORFLOW = (
    # Renamed or removed by TensorFlow 1.0; initialize_all_variables stayed for long, but nobody wrote it any more.
    _Span(
        r"mul|sub|neg|pack|unpack|inv|select|listdiff|batch_matmul|complex_abs|initialize_(all_variables|variables)"
        r"|initialize_local_variables|all_variables|(scalar|histogram|image|audio|merge|merge_all)_summar(y|ies)"
        r"|train\.SummaryWriter|nn\.(rnn|seq2seq)",
        until=(1, 0),
    ),
    _Span(r"contrib\.eager\.Network", since=(1, 4), until=(1, 15)),
    # Optimizers, losses and metrics became those of Keras with TensorFlow 2.0.
    _Span(
        r"optimizers\..+|(losses|metrics)\.([A-Z]\w*|(sparse_)?(categorical|binary)_crossentropy|mse)"
        r"|initializers\.[A-Z]\w*|random\.(set_seed|Generator)|summary\.create_file_writer|enable_v2_behavior",
        since=(2, 0),
    ),
    _Span(r"layers\..+|losses\.[a-z]\w*_(entropy|loss|losses|difference|distance)", since=(1, 0), until=(2, 0)),
    _Span(r"contrib\.eager(\..*)?", since=(1, 4), until=(2, 0)),
    _Span(
        r"(enable|disable)_eager_execution|disable_v2_behavior|compat\.v1|nn\.softmax_cross_entropy_with_logits_v2",
        since=(1, 15),
        until=(2, 0),
    ),
    _Span(r"(math|random)\..+|function|GradientTape", since=(1, 15)),
    _Span(r"data\..+|keras\..+", since=(1, 4)),
    _Span(
        r"Session|InteractiveSession|ConfigProto|placeholder(_with_default)?|get_variable|variable_scope|GraphKeys"
        r"|(global|local)_variables_initializer|variables_initializer|global_variables|trainable_variables"
        r"|get_collection|add_to_collection|get_default_(graph|session)|reset_default_graph|set_random_seed"
        r"|random_(normal|uniform)|truncated_normal|log|div|arg_max|arg_min|to_(float|int32|int64|double)|assign\w*"
        r"|train\.\w+Optimizer|train\.(Saver|exponential_decay|get_\w+|Supervisor|MonitoredTrainingSession|Coordinator)"
        r"|summary\.(FileWriter|merge|merge_all)|metrics\.[a-z]\w*|nn\.(xw_plus_b|static_rnn|dynamic_rnn|rnn_cell)"
        r"|(app|flags|logging|gfile|contrib|examples|python_io)(\..*)?",
        until=(2, 0),
    ),
)
"""Names below ``tf.``; the first row that has a name counts."""

_TENSORFLOW_ARGUMENTS = (
    _Span(r"concat_dim|split_dim", until=(1, 0)),
    _Span(r"keep_dims|reduction_indices|keep_prob|dimension", until=(2, 0)),
    _Span(r"keepdims", since=(1, 15)),
)
"""Arguments of functions below ``tf.``."""

_METHODS = (_Span(r"make_(one_shot|initializable)_iterator", until=(2, 0)),)
"""Methods of TensorFlow's objects."""

_KERAS = (
    _Span(
        r"initializations\..*|layers\.(core\.)?(Merge|merge|MaxoutDense|Highway|TimeDistributedDense)"
        r"|utils\.visualize_util.*|backend\.(set_)?image_dim_ordering"
        r"|regularizers\.(WeightRegularizer|ActivityRegularizer|l1l2|activity_\w+)",
        until=(2, 0),
    ),
    _Span(r"(metrics|losses)\.[A-Z]\w*", since=(2, 3)),
    _Span(
        r"initializers\..+|utils\.(to_categorical|plot_model|Sequence)|backend\.(set_)?image_data_format"
        r"|layers\.(Add|Subtract|Multiply|Average|Maximum|Concatenate|Dot|Softmax|ReLU)"
        r"|layers\.(add|subtract|multiply|average|maximum|concatenate|dot)|datasets\.(fashion_mnist|boston_housing).*",
        since=(2, 0),
    ),
)
"""Names below ``keras.``."""

_KERAS_ARGUMENTS = (
    _Span(
        r"nb_\w+|samples_per_epoch|[Wb]_(regularizer|constraint)|border_mode|subsample(_length)?|dim_ordering"
        r"|filter_length|pool_length|show_accuracy|inner_(init|activation)",
        until=(2, 0),
    ),
    _Span(
        r"(kernel|bias|recurrent)_(initializer|regularizer|constraint)|steps_per_epoch|validation_steps|num_words"
        r"|kernel_size|use_bias|data_format|filters",
        since=(2, 0),
    ),
)
"""Arguments of any call in a program of Keras."""

_LAYER_ARGUMENTS = (
    _Span(r"output_dim|init|p|bias|input|output", until=(2, 0)),
    _Span(r"units|rate|padding|inputs|outputs", since=(2, 0)),
)
"""Arguments that say something only of Keras's own layers and models."""

_HISTORY = (_Span(r"(val_)?acc", until=(2, 3)), _Span(r"(val_)?accuracy", since=(2, 3)))
"""What ``metrics=["accuracy"]`` is called where results are read."""

_OWN_WORD = "metrics=['acc']"
"""By which all versions call the accuracy ``acc``."""

_CROSS_ENTROPIES = re.compile(r"nn\.(sparse_)?(softmax|sigmoid)_cross_entropy_with_logits")


class _Sign(NamedTuple):
    """What may say something of the version: how messages call it, and under which name it is looked up where."""

    shown: str
    of: str  # "tf", "keras", or "history", which is of both
    name: str
    spans: Sequence[_Span]


@dataclass(frozen=True)
class _Evidence:
    """A name that only some versions have, and where the program has it."""

    what: str
    place: str
    since: tuple[int, int]
    until: tuple[int, int]
    of: str  # as of a sign

    def fits(self, version: Version) -> bool:
        """Return whether a version has the name."""
        return self.since <= (version.tensorflow if self.of == "tf" else version.keras) < self.until


def read_version(sources: Sequence[Source]) -> Reading | None:
    r"""Return the version that a program was written for; None for one that uses neither TensorFlow nor Keras.

    Parameters
    ----------
    sources : sequence of Source
        Its parts. What is no Python is passed over.

    Examples
    --------
    >>> reading = read_version([Source("", "import tensorflow as tf\nsess = tf.Session()")])
    >>> reading.version.name, reading.reason
    ('tf1.15', 'tf.Session at line 2')
    """
    reader = _Reader()
    trees = []
    for source in sources:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said once, when the program is compiled
            try:
                trees.append((source, ast.parse(source.text)))
            except (SyntaxError, ValueError):
                continue
    for _, tree in trees:
        reader.read_imports(tree)
    found = [evidence for source, tree in trees for evidence in reader.evidence(source, tree)]
    if not reader.uses:
        return None
    if any(evidence.what == _OWN_WORD for evidence in found):
        found = [evidence for evidence in found if not (evidence.of == "history" and "acc" in evidence.what)]
    tape = next((one for one in found if one.what.endswith(".GradientTape")), None)
    if tape is not None and not any(re.search("enable_eager_execution|contrib", one.what) for one in found):
        # What else is of 1.x stands in branches that are not taken: it would have no eager mode.
        known = [one for one in found if one.of != "tf" or one.fits(VERSIONS["tf2.0"])]
        found = [replace(tape, what=f"{tape.what} without enable_eager_execution", since=(2, 0)), *known]
    if reader.uses == {"tf"}:
        return _chosen(_TENSORFLOW_ROWS, [one for one in found if one.of != "keras"])
    keras = _chosen(_KERAS_ROWS, [one for one in found if one.of != "tf"])
    tensorflow = [one for one in found if one.of == "tf"]
    if not tensorflow:
        return keras
    other = _chosen(_TENSORFLOW_ROWS, tensorflow)
    return Reading(
        together(keras.version, other.version), f"{keras.reason}; {other.reason}", together(keras.other, other.version)
    )


def _chosen(rows: Sequence[str], found: Sequence[_Evidence]) -> Reading:
    """Return the version among rows that has most of the names found, and the name that decided it."""
    missing = {row: sum(not one.fits(VERSIONS[row]) for one in found) for row in rows}
    name = min(rows, key=missing.__getitem__)  # the first of equals
    version, other = VERSIONS[name], VERSIONS[_OTHER[name]]
    deciding = [one for one in found if one.fits(version) and not one.fits(other)]
    if deciding:
        return Reading(version, f"{deciding[0].what} {deciding[0].place}", other)
    return Reading(version, "no session" if name == "tf2.0" else "nothing of Keras 1 in it", other)


class _Reader:
    """What the names of a program mean.

    Attributes
    ----------
    uses : set of str
        Which of ``"tf"`` and ``"keras"`` it imports, as a package of its own.
    """

    def __init__(self) -> None:
        self.uses: set[str] = set()
        self._names: dict[str, str] = {}
        self._stars: list[str] = []

    def read_imports(self, tree: ast.AST) -> None:
        """Note what is imported under which names, and what is given another one: ``layers = tf.keras.layers``."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    self._note(alias.asname or root, alias.name if alias.asname else root)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    if alias.name == "*":
                        self._note("*", node.module)
                    else:
                        self._note(alias.asname or alias.name, f"{node.module}.{alias.name}")
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                full = self.full_name(node.value)
                if full is not None:
                    self._names[node.targets[0].id] = full

    def _note(self, name: str, full: str) -> None:
        root, dot, rest = full.partition(".")
        if root not in ("tensorflow", "keras"):
            return
        self.uses.add("tf" if root == "tensorflow" else "keras")
        full = ("tf" if root == "tensorflow" else root) + dot + rest
        if name == "*":
            self._stars.append(full)
        else:
            self._names[name] = full

    def full_name(self, node: ast.AST) -> str | None:
        """Return the full name of what an expression names, such as ``tf.nn.relu``; None if it is none."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            head = self.full_name(node.value)
            return None if head is None else f"{head}.{node.attr}"
        return None

    def _called(self, node: ast.AST) -> str | None:
        """Return the full name of what is called; what has come by a star is looked for in what programs call it."""
        if isinstance(node, ast.Name) and node.id not in self._names and self._stars:
            return f"{self._stars[-1]}.{node.id}"
        return self.full_name(node)

    def evidence(self, source: Source, tree: ast.AST) -> Iterator[_Evidence]:
        """Return what says something of the version, in the order of lines."""
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.Import | ast.ImportFrom)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            place = source.place(node.lineno)
            for sign in self._signs(node):
                span = next((span for span in sign.spans if re.fullmatch(span.names, sign.name)), None)
                if span is not None:
                    yield _Evidence(sign.shown, place, span.since, span.until, sign.of)

    def _signs(self, node: ast.AST) -> Iterator[_Sign]:
        """Return what a node could say of the version."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _of_name(alias.name.replace("tensorflow", "tf", 1), alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                spelled = f"{node.module}.{alias.name}"
                yield from _of_name(spelled.replace("tensorflow", "tf", 1), spelled)
        elif isinstance(node, ast.Attribute):
            full = self.full_name(node)
            if full == "tf.compat.v1":  # what stands behind it says more
                return
            if full is not None:
                yield from _of_name(full, full)
            else:
                yield _Sign(f".{node.attr}", "tf", node.attr, _METHODS)
        elif isinstance(node, ast.Call):
            full = self._called(node.func) or ""
            if full.startswith("tf.") and not full.startswith("tf.keras."):
                yield from _of_tensorflow_call(node, full.removeprefix("tf.").removeprefix("compat.v1."))
            else:
                yield from _of_keras_call(node, full)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            if "hist" in ast.dump(node.value) or "logs" in ast.dump(node.value):
                yield from _of_key(node.slice.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for key in re.findall(r"\{((?:val_)?acc(?:uracy)?)[:}]", node.value):  # the name of a checkpoint's file
                yield from _of_key(key)


def _of_name(full: str, shown: str) -> Iterator[_Sign]:
    """Return what the full name of a thing could say."""
    root, _, rest = full.partition(".")
    if root == "tf":
        # A few names of 1.x are of use in 2.0, too, by their long names; graphs and sessions are not.
        if rest.startswith("compat.v1.") and not re.match(r"compat\.v1\.(logging|set_random_seed|enable)", rest):
            rest = rest.removeprefix("compat.v1.")
        yield _Sign(shown, "tf", rest, _TENSORFLOW)
    if root == "keras" or rest.startswith("keras."):
        yield _Sign(shown, "keras", rest.removeprefix("keras."), _KERAS)


def _of_tensorflow_call(node: ast.Call, name: str) -> Iterator[_Sign]:
    """Return what the arguments of a function below ``tf.`` could say."""
    for keyword in node.keywords:
        yield _Sign(f"{keyword.arg}=", "tf", str(keyword.arg), _TENSORFLOW_ARGUMENTS)
    first = node.args[0] if node.args else None
    if name in ("concat", "split") and isinstance(first, ast.Constant | ast.UnaryOp):
        yield _Sign(f"tf.{name} with its axis first", "tf", name, (_Span(name, until=(1, 0)),))
    elif name == "concat" and isinstance(first, ast.List | ast.Tuple):
        yield _Sign("tf.concat with its axis last", "tf", name, (_Span(name, since=(1, 0)),))
    if _CROSS_ENTROPIES.fullmatch(name) and len(node.args) > 1:
        yield _Sign(f"tf.{name} without logits= and labels=", "tf", name, (_Span(".*", until=(1, 0)),))


def _of_keras_call(node: ast.Call, full: str) -> Iterator[_Sign]:
    """Return what the arguments of a call in a program of Keras could say; `full` is empty for what is not Keras's."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    for keyword in node.keywords:
        name, value = str(keyword.arg), keyword.value
        yield _Sign(name, "keras", name, _KERAS_ARGUMENTS)
        if full and not full.endswith(".Embedding"):  # whose output_dim was never renamed
            yield _Sign(name, "keras", name, _LAYER_ARGUMENTS)
        if name == "epochs" and method.startswith("fit"):
            yield _Sign(name, "keras", name, (_Span(name, since=(2, 0)),))
        if name == "learning_rate" and full.startswith("keras.optimizers."):
            yield _Sign(name, "keras", name, (_Span(name, since=(2, 3)),))
        if name == "monitor" and isinstance(value, ast.Constant):
            yield from _of_key(value.value)
        if name == "metrics" and isinstance(value, ast.List):
            if any(isinstance(one, ast.Constant) and one.value == "acc" for one in value.elts):
                yield _Sign(_OWN_WORD, "keras", name, (_Span(name),))
    if full.endswith(".Convolution2D") and len([one for one in node.args if not isinstance(one, ast.Tuple)]) >= 3:
        yield _Sign("Convolution2D with rows and columns apart", "keras", "", (_Span("", until=(2, 0)),))
    if method == "get" and node.args and "logs" in ast.dump(node.func) and isinstance(node.args[0], ast.Constant):
        yield from _of_key(node.args[0].value)


def _of_key(key: object) -> Iterator[_Sign]:
    """Return what the name of a metric could say where results are read."""
    if isinstance(key, str):
        yield _Sign(repr(key), "history", key, _HISTORY)
