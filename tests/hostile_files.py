"""Model files as an attacker writes them: good ones, changed before their digest is computed, then loaded and used.

Run as ``python tests/hostile_files.py files 0 1000``, or ``graphs``: cases by their seeds, in this process, under
limits of memory and time. It prints one line of JSON: how many cases came how far, and what went wrong. What must come
out stands in ``training/test_hostile_files.py``, which runs it so.
"""

import base64
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from safetensors.numpy import save as write_tensors

import feedforward as ff
from feedforward import errors, ops
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.text import attrs_to_text
from feedforward.nn.text import is_text
from feedforward.sealed import digest_of
from feedforward.training import checkpoint

MEMORY = 4 * 2**30
"""Bytes of address space for everything: Python, LLVM, the code and the data."""

SECONDS = 10
"""No case takes longer, from loading to saving."""

PACKAGE = str(Path(ff.__file__).parent)
OWN_ERRORS = (
    errors.FormatError,
    errors.ShapeError,
    errors.DtypeError,
    errors.DataError,
    errors.LimitError,
    errors.BackendError,
    errors.NotFiniteError,
)


class Hang(BaseException):
    """A case took too long."""


# Good models


def models():
    """Return small models of all kinds, trained for a step where they can be."""
    ff.set_seed(1)
    layers = ff.layers
    plain = ff.Sequential([ff.Input((4,)), layers.Dense(8, activation="relu"), layers.Dropout(0.3), layers.Dense(3)])
    plain.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    images = ff.Sequential(
        [
            ff.Input((4, 4), dtype="uint8"),
            layers.Rescaling(1 / 16),
            layers.Flatten(),
            layers.Dense(2, activation="tanh"),
        ]
    )
    warm = ff.optimizers.schedules.Warmup(ff.optimizers.schedules.CosineDecayRestarts(0.01, 5), 2)
    images.compile(ff.optimizers.RMSprop(warm, use_ema=True), "mean_squared_error")
    first, second = ff.Input((3,), name="first"), ff.Input((None, 3), name="second")
    joint = layers.Dense(2, name="joint")(first)
    both = ff.Model([first, second], [joint * 2.0 + 1.0, joint.sum(1), second.sum((1, 2))])
    normal = layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0])
    scaled = ff.Sequential([ff.Input((2,)), normal, layers.Reshape((1, 2)), layers.Flatten(), layers.Dense(1)])
    scaled.compile(ff.optimizers.FullMatrixAdagrad(0.1), "mean_absolute_error")
    encoder = ff.Sequential([ff.Input((4,)), layers.Dense(3, name="d"), layers.Dropout(0.1)], name="encoder")
    ends = ff.Input((3,))
    inner = ff.Model(ends, [layers.Dense(2, name="d")(ends), ends], name="inner")  # of several outputs
    start = ff.Input((4,))
    tower = ff.Sequential([encoder], name="tower")
    left, right = inner(tower(start))
    nested = ff.Model(start, layers.Dense(2)(layers.Concatenate()([left, layers.Add()(right, tower(start))])))
    nested.compile(ff.optimizers.SVRG(0.1, momentum=0.9), "mean_squared_error")
    margins = ff.Sequential(
        [
            ff.Input((4,)),
            layers.Dense(6, layers.Maxout(2), kernel_constraint=ff.constraints.Simplex(axis=1)),
            layers.Dense(4, layers.PReLU("ones", shared_axes=(1,)), kernel_initializer="orthogonal"),
            layers.Dense(3, "gelu", kernel_constraint=ff.constraints.MaxNorm(2.0, (0, 1)), bias_constraint="box"),
            layers.Swish(0.5, is_learned=True),
        ]
    )
    margins.compile("sgd", "categorical_hinge", metrics=["accuracy"])
    pictures = ff.Sequential(
        [
            ff.Input((6, 6, 2)),
            layers.ZeroPadding2D(1),
            layers.Conv2D(4, 3, 2, "same", groups=2, kernel_constraint=ff.constraints.Box(None, 1.0)),
            layers.BatchNormalization(gamma_constraint="non_negative"),
            layers.DepthwiseConv2D(2, dilation_rate=2),
            layers.UpSampling2D(2),
            layers.Cropping2D(((1, 0), (0, 1))),
            layers.AveragePooling2D(2, 1, "same"),
            layers.Permute((3, 1, 2)),
            layers.MaxPooling2D(2, data_format="channels_first"),
            layers.GaussianNoise(0.1),
            layers.LayerNormalization((1, 2)),
            layers.GlobalAveragePooling2D("channels_first"),
            layers.Dense(2),
        ]
    )
    pictures.compile("adam", "mean_squared_error")
    stepped = ff.Sequential([ff.Input((3,)), layers.Dense(2)])
    stepped.compile(ff.optimizers.Learned(ff.learned.RNNprop(units=2, layers=1)), "mean_squared_error")
    lookup = layers.StringLookup(vocabulary=["a", "b"])
    words, amounts = ff.Input((2,), dtype="string", name="words"), ff.Input((1,), name="amounts")
    vectors = layers.Flatten()(layers.Embedding(3, 2)(lookup(words)))
    bins = layers.CategoryEncoding(3, "count")(layers.Discretization([0.5, 1.5])(amounts))
    kinds = ff.Model([words, amounts], layers.Dense(1)(layers.Concatenate()([vectors, bins])))
    kinds.compile("sgd", "mean_squared_error")
    kinds.fit([fed(kinds.network.inputs[0], 4), np.ones((4, 1))], np.ones((4, 1)), verbose=0)
    made = [plain, images, both, scaled, nested, margins, pictures, stepped, kinds]
    for model in made[:2] + made[3:-1]:
        x = [np.ones((4, *node.shape[1:]), node.dtype) for node in model.network.inputs]
        model.fit(
            x[0],
            [0, 1, 2, 0] if model in (plain, margins) else np.zeros((4, *model.network.outputs[0].shape[1:])),
            verbose=0,
        )
    plain.metadata = {"classes": ["cat", "dog", "owl"]}
    return made


def fed(node, rows):
    """Return samples for an input, or None where there would be too many numbers."""
    shape = [rows, *(size if isinstance(size, int) else 3 for size in node.shape[1:])][: len(node.shape)]
    if np.prod([float(size) for size in shape]) > 1e6:
        return None
    numbers = np.arange(int(np.prod(shape))) % 5
    return (np.array([*"abcde"])[numbers] if is_text(node) else numbers.astype(node.dtype)).reshape(shape)


def graphs():
    """Return, for each sample of each operation, a network of nothing but it: inputs, then the operation."""
    found = []
    for op in OPS.values():
        if op.kind == "state" and op.name not in ("constant", "size"):
            continue
        for sample in op.samples():
            entries = []
            for place, domain in enumerate(sample.inputs):
                dtype = "float32" if domain.dtype == "float" else domain.dtype
                if domain.shape and place == 0:
                    entries.append({"input": "x", "shape": ["batch", *map(str, domain.shape)], "dtype": dtype})
                    shape = ", ".join(map(str, domain.shape))
                    places = ", ".join("0" for _ in domain.shape)
                    steps = ", ".join("1" for _ in domain.shape)
                    attrs = f"starts=[0, {places}], sizes=[1, {shape}], steps=[1, {steps}]"
                    entries.append({"op": "slice", "attrs": attrs, "inputs": [0]})
                    entries.append({"op": "reshape", "attrs": f"shape=[{shape}]", "inputs": [1]})
                else:
                    count = int(np.prod(domain.shape))
                    values = (np.arange(count) % 3).astype(dtype)
                    entries.append({"op": "constant", "attrs": literal(values.reshape(domain.shape)), "inputs": []})
            sources = [2, *range(3, len(entries))] if entries and "input" in entries[0] else list(range(len(entries)))
            entries.append({"op": op.name, "attrs": attrs_to_text(sample.attrs), "inputs": sources})
            found.append((entries, result_of(op, sample)))
    return found


def result_of(op, sample):
    """Return dtype and shape of an operation's result."""
    dtypes = ["float32" if domain.dtype == "float" else domain.dtype for domain in sample.inputs]
    inputs = [ops.placeholder(domain.shape, dtype) for domain, dtype in zip(sample.inputs, dtypes, strict=True)]
    return build(op, tuple(inputs), sample.attrs)


def with_rows(entries, result):
    """Return entries with a result for each row after them, so that the model can be trained."""
    last, more = len(entries) - 1, []

    def add(name, attrs):
        more.append({"op": name, "attrs": attrs, "inputs": [last + len(more)]})

    if result.dtype != np.float32:
        add("cast", "dtype=dtype:float32")
    add("sum", f"axes=[{', '.join(map(str, range(result.ndim)))}]")
    add("broadcast_to", "shape=[<batch>]")
    return [*entries, *more]


def trainable(entries):
    """Return entries whose input goes through a layer first, that layer's description and weights: for gradients.

    Where the input has no last axis, or holds no floats, they stay as they are.
    """
    head = entries[0]
    if head.get("dtype") != "float32" or len(head["shape"]) < 2 or head["shape"][-1] == "0":
        return entries, [], {}
    moved = [
        {**one, "inputs": [place + 1 for place in one["inputs"]]} if "inputs" in one else one for one in entries[1:]
    ]
    units = int(head["shape"][-1])
    config = {"class": "dense", "units": units, "use_bias": False, "name": "d"}
    return [head, {"layer": 0, "inputs": [0]}, *moved], [config], {"d/kernel": np.eye(units, dtype=np.float32)}


def literal(array):
    shape = ", ".join(map(str, array.shape))
    return f"value=array({array.dtype.name}, [{shape}], {base64.b64encode(array.tobytes()).decode()})"


def as_list(value):
    return value if isinstance(value, list) else [value]


def as_file(entries, layers):
    """Return the description of a model of these entries."""
    entries = [dict(entry) for entry in entries]
    if not any("input" in entry for entry in entries):
        entries.append({"input": "x", "shape": ["batch", "2"], "dtype": "float32"})
    inputs = [place for place, entry in enumerate(entries) if "input" in entry]
    last = len(entries) - 1
    return {
        "version": 2,
        "name": "m",
        "kind": "Model",
        "network": {"layers": layers, "graph": entries, "inputs": inputs, "outputs": [last]},
        "has_many_outputs": False,
        "seed": 1,
        "epochs_done": 0,
        "metadata": {},
        "training": None,
    }


def joined(first, second):
    """Return the entries of two graphs as one, of which the second reads the first's result where it may."""
    first, second = ([dict(entry) for entry in entries] for entries in (first, second))
    start = len(first)
    for entry in second:
        if "inputs" in entry:
            entry["inputs"] = [place + start for place in entry["inputs"]]
        if "input" in entry:
            entry["input"] = "z"
    merged = first + second
    merged[-1]["inputs"] = [start - 1 if random.random() < 0.5 else one for one in merged[-1]["inputs"]]
    return merged


# Mutations

NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    31,
    32,
    33,
    64,
    255,
    1000,
    2**20,
    2**26,
    2**31 - 1,
    2**31,
    2**32,
    2**47,
    2**48,
    2**62,
    2**63,
]
NUMBERS += [-2, -100, -(2**31), -(2**63), 10**30]
VALUES = [
    None,
    True,
    False,
    "",
    "x",
    "batch",
    "-1",
    "floor(batch, 0)",
    "batch*batch",
    "n" * 50,
    [],
    {},
    [[]],
    [0],
    {"class": "dense"},
]
VALUES += [
    0.5,
    -0.5,
    1e-7,
    1e308,
    float("nan"),
    float("inf"),
    "relu",
    "adam",
    "dense",
    "float64",
    "int64",
    "uint8",
    "bool",
]
SIZES = ["<batch>", "<2*batch>", "<batch + -3>", "<floor(batch, 2)>", "<max(batch, 3)>", "<broadcast(batch, n)>", "<n>"]


def places(tree, path=()):
    """Yield the path to every part of a description."""
    yield path
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from places(part, (*path, key))
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from places(part, (*path, number))


def part_at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def mutate_tree(header, rng):
    """Change a random part of a description."""
    paths = [path for path in places(header) if path]
    path = rng.choice(paths)
    owner, key = part_at(header, path[:-1]), path[-1]
    kind = rng.randrange(8)
    if kind == 0:
        owner[key] = rng.choice(NUMBERS)
    elif kind == 1:
        owner[key] = rng.choice(VALUES)
    elif kind == 2:
        del owner[key]
    elif kind == 3 and isinstance(owner, list):
        owner.insert(rng.randrange(len(owner) + 1), json.loads(json.dumps(owner[key])))
    elif kind == 4:
        owner[key] = json.loads(json.dumps(part_at(header, rng.choice(paths)))) if rng.random() < 0.9 else [owner[key]]
    elif isinstance(owner[key], bool):
        owner[key] = not owner[key]
    elif isinstance(owner[key], int | float):
        owner[key] = rng.choice([owner[key] + 1, owner[key] - 1, owner[key] * 2, -owner[key], owner[key] * 2**30])
    elif isinstance(owner[key], str) and owner[key]:
        owner[key] = mutate_text(owner[key], rng)
    elif isinstance(owner, list):
        rng.shuffle(owner)


def mutate_text(text, rng):
    """Change a number in a text to another, or a letter."""
    numbers = list(re.finditer(r"-?\d+", text))
    if numbers and rng.random() < 0.85:
        match = rng.choice(numbers)
        old = int(match[0][:300])
        near = [old + 1, old - 1, old * 2, -old, old + 16]
        new = str(rng.choice([*NUMBERS, *near * 4])) if rng.random() < 0.9 else rng.choice(SIZES)
        return text[: match.start()] + new + text[match.end() :]
    place = rng.randrange(len(text))
    return text[:place] + chr(rng.randrange(32, 127)) + text[place + 1 :]


def mutate_entries(entries, rng):
    """Change an operation, what it reads, or its attributes; or put in one more."""
    operations = [entry for entry in entries if "op" in entry]
    entry = rng.choice(operations or entries)
    kind = rng.choice([0, 0, 0, 0, 0, 0, 3, 4, 5, 5])
    attrs, sources = entry.get("attrs"), entry.get("inputs")  # which an earlier mutation may have changed
    if kind == 0 and isinstance(attrs, str) and attrs:
        entry["attrs"] = mutate_text(attrs, rng)
    elif kind == 3 and isinstance(sources, list) and sources:
        sources[rng.randrange(len(sources))] = rng.randrange(-1, len(entries) + 1)
    elif kind == 4 and "op" in entry:
        entry["op"] = rng.choice(list(OPS))
    else:
        source = rng.randrange(len(entries))
        name = rng.choice(
            ["sin", "negative", "exp", "sum", "flip", "windows", "concatenate", "transpose", "slice", "pad"]
        )
        attrs = {
            "sum": f"axes=[{rng.randrange(3)}]",
            "flip": f"axes=[{rng.randrange(3)}]",
            "windows": f"axes=[{rng.randrange(3)}], sizes=[{rng.randrange(4)}], strides=[{rng.randrange(4)}]",
            "concatenate": f"axis={rng.randrange(3)}",
            "transpose": f"axes={rng.choice(['[0]', '[1, 0]', '[0, 2, 1]'])}",
            "slice": f"starts=[{rng.randrange(3)}], sizes=[{rng.choice(NUMBERS)}], steps=[{rng.randrange(3)}]",
            "pad": f"before=[{rng.randrange(3)}], after=[{rng.choice(NUMBERS)}], steps=[{rng.randrange(3)}]",
        }.get(name, "")
        entries.append({"op": name, "attrs": attrs, "inputs": [source] * (2 if name in ("concatenate", "pad") else 1)})


def mutate_tensors(tensors, rng):
    """Change a weight's shape, dtype, numbers or name."""
    if len(tensors) < 2:
        return
    name = rng.choice(list(tensors))
    array = tensors[name]
    kind = rng.randrange(6)
    if kind == 0:
        tensors[name] = array.reshape(-1)
    elif kind == 1:
        with np.errstate(invalid="ignore"):
            tensors[name] = array.astype(rng.choice(["float64", "float32", "int64", "uint8"]))
    elif kind == 2 and array.size:
        changed = array.copy()
        changed.reshape(-1)[rng.randrange(array.size)] = rng.choice([0, 1, 7]) if array.dtype.kind != "f" else np.nan
        tensors[name] = changed
    elif kind == 3:
        del tensors[name]
    elif kind == 4:
        value = tensors.pop(name)
        tensors[rng.choice(list(tensors)) + rng.choice(["", "x"])] = value
    elif array.ndim:
        tensors[name] = np.concatenate([array, array])


# Use


def describe(path):
    """Return description and tensors of a good file."""
    header, tensors = checkpoint._SEAL.unpack(str(path), path.read_bytes())
    return header, dict(tensors)


def write(path, header, tensors):
    """Write a file, its digest computed of what it holds by now."""
    sealed = json.loads(json.dumps(header))
    sealed = sealed if isinstance(sealed, dict) else {}
    try:
        digest = digest_of(sealed, tensors)
    except (KeyError, TypeError):  # no version any more
        digest = ""
    text = json.dumps({**sealed, "digest": digest}) if isinstance(header, dict) else json.dumps(header)
    path.write_bytes(write_tensors(tensors, {"feedforward": text}))


class Fuzzer:
    """Runs cases by their seeds."""

    def __init__(self, kind, folder):
        self.kind, self.path, self.again = kind, folder / "hostile.ff", folder / "again.ff"
        self.files, self.entries = [], graphs()
        for place, model in enumerate(models()):
            model.save(folder / f"{place}.ff")
            self.files.append((folder / f"{place}.ff").read_bytes())
            self.path.write_bytes(self.files[-1])
        self.counts = Counter()
        self.failures = []
        signal.signal(signal.SIGALRM, self._stop)

    def _stop(self, *_):
        raise Hang

    def run(self, first, end, progress=None):
        for seed in range(first, end):
            if progress is not None:
                progress.write_text(str(seed))
            started = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                stage = self.case(seed)
            except BaseException as error:
                stage = f"FAULT {type(error).__name__}"
                self.failures.append((seed, "".join(traceback.format_exception(error))[-1500:]))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            seconds = time.perf_counter() - started
            self.counts[stage] += 1
            self.counts["slowest_ms"] = max(self.counts["slowest_ms"], int(1000 * seconds))
            if seconds > SECONDS:
                self.failures.append((seed, f"took {seconds:.1f} s"))

    def case(self, seed):
        """Make, load and use a file; return how far it came."""
        rng = random.Random(seed)
        random.seed(seed)
        ff.set_seed(seed)
        is_raw = self.kind == "files" and seed % 16 == 0
        if is_raw:
            content = bytearray(rng.choice(self.files))
            for _ in range(rng.choice([1, 1, 3, 30])):
                content[rng.randrange(len(content))] = rng.randrange(256)
            self.path.write_bytes(content)
        else:
            self._write(rng)
        try:
            model = ff.load(self.path)
        except errors.FormatError as error:
            is_digest = "what it holds is not what was saved" in str(error)
            is_format = "is no feedforward model" in str(error) or "has format version" in str(error)
            return "0 refused as damaged" if is_digest or is_format else "1 refused as no network"
        return self._use(model, rng)

    def _write(self, rng):
        if self.kind == "files":
            self.path.write_bytes(rng.choice(self.files))
            header, tensors = describe(self.path)
            for _ in range(rng.choice([1, 1, 1, 2, 4])):
                kind = rng.randrange(6)
                if kind == 0:
                    mutate_tensors(tensors, rng)
                elif kind == 1 and isinstance(header.get("network"), dict):
                    graph = header["network"].get("graph")
                    if isinstance(graph, list) and graph and all(isinstance(one, dict) for one in graph):
                        mutate_entries(graph, rng)
                        header["network"]["outputs"] = (
                            [len(graph) - 1] if rng.random() < 0.5 else header["network"].get("outputs")
                        )
                else:
                    mutate_tree(header, rng)
                    if not header:
                        break
        else:
            entries, result = rng.choice(self.entries)
            has_rows = rng.random() < 0.6 and any("input" in entry for entry in entries)
            if has_rows:
                entries = with_rows(entries, result)
            elif rng.random() < 0.5:
                entries = joined(entries, rng.choice(self.entries)[0])
            entries = json.loads(json.dumps(entries))
            layers, weights = [], {}
            if has_rows:
                entries, layers, weights = trainable(entries)
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                mutate_entries(entries, rng)
            header, tensors = as_file(entries, layers), weights
        write(self.path, header, tensors)

    def _use(self, model, rng):
        stage = "2 loaded"
        rows = rng.choice([1, 2, 5, 33])
        x = []
        for node in model.network.inputs:
            x.append(fed(node, rows))
            if x[-1] is None:
                return "2 loaded, its input too large to be fed"
        outputs = None
        if self._own(lambda: model.explain("loops", rows)):
            stage = "3 explained"
        if predicted := self._own(lambda: model.predict(x)):
            outputs, stage = predicted[0], "4 predicted"
        if self._own(lambda: [one.numpy() for one in as_list(model(x if len(x) > 1 else x[0]))]) and not predicted:
            stage = "4 computed"
        if outputs is not None and self.kind == "graphs":
            one = outputs[0] if isinstance(outputs, list) else outputs
            self._own(lambda: model.compile("sgd", "mean_squared_error"))
            if self._own(lambda: model.fit(x, np.zeros(np.shape(one), np.float32), epochs=1, verbose=0)):
                stage = "5 trained"
        elif outputs is not None and model.optimizer is not None:
            one = outputs[0] if isinstance(outputs, list) else outputs
            is_sparse = type(model.loss).__name__.startswith("Sparse")
            y = np.zeros(np.shape(one)[:-1], np.int64) if is_sparse else np.zeros(np.shape(one), np.float32)
            if self._own(lambda: model.fit(x, y, epochs=1, verbose=0)):
                stage = "5 trained"
        if self._own(lambda: model.save(self.again)):
            ff.load(self.again)
        return stage

    def _own(self, use):
        """Return what a use returns, in a tuple; nothing when it ends in one of the project's own errors."""
        try:
            return (use(),)
        except OWN_ERRORS as error:
            self.counts[f"error {type(error).__name__}"] += 1
        except (ValueError, TypeError) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            if not last.filename.startswith(PACKAGE) or not (last.line or "").startswith("raise "):
                raise
            self.counts[f"error {type(error).__name__}"] += 1
        return ()


def main(kind, first, end, progress=None):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(kind, Path(folder))
        fuzzer.run(int(first), int(end), None if progress is None else Path(progress))
    print(json.dumps({"counts": fuzzer.counts, "failures": fuzzer.failures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
