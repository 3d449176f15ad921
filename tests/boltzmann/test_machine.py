"""Oracles: (a) messages by eye; (e) a copy and a file have the bits of what they were made of."""

import copy
import json
import pickle
import re

import numpy as np
import pytest
from safetensors.numpy import save as write_tensors

import feedforward as ff
from boltzmann_reference import tiny
from feedforward.boltzmann import RBM, ContrastiveDivergence, Stack, load, save
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.sealed import digest_of


def same(one, other):
    pairs = zip(one.variables.items(), other.variables.items(), strict=True)
    return all(a == b and (x.numpy() == y.numpy()).all() for (a, x), (b, y) in pairs) and repr(one) == repr(other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2), "RBM(visible_units=0): visible_units must be an int >= 1. Got 0."),
        ((3, 2.5), "RBM(hidden_units=2.5): hidden_units must be an int >= 1. Got 2.5."),
        ((3, 2, "real"), "RBM(visible='real'): visible must be 'binary' or 'gaussian'. Got 'real'."),
        ((3, 2, "binary", "relu"), "RBM(hidden='relu'): hidden must be 'binary' or 'gaussian'. Got 'relu'."),
        (
            (3, 2, "gaussian", "gaussian"),
            "RBM(visible='gaussian', hidden='gaussian'): no distribution belongs to large weights then. Expected a "
            "binary side: give hidden='binary'.",
        ),
    ],
)
def test_a_machine_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RBM(*arguments)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            np.zeros((4, 2)),
            ShapeError,
            "fit: x has shape (4, 2). Expected (n, 3), a row for each sample and at least one",
        ),
        (np.zeros((0, 3)), ShapeError, "fit: x has shape (0, 3). Expected (n, 3)"),
        (np.zeros((4, 3, 1)), ShapeError, "fit: x has shape (4, 3, 1). Expected (n, 3)"),
        (
            [[0.0, 1.0, 0.0], [0.0, np.nan, 0.0]],
            DataError,
            "fit: x is not finite in row 1, column 1. Expected finite numbers. Replace or drop them.",
        ),
        (
            np.full((2, 3), 255, np.uint8),
            DataError,
            "fit: x has numbers from 255 to 255. Binary visible units take 0 to 1: scale it, such as x / 255, or make "
            "the machine with visible='gaussian' and standardise x.",
        ),
        ([["a", "b", "c"]], TypeError, "fit: x: row 0, column 0 holds 'a', a str. Expected real numbers."),
    ],
)
def test_samples_that_do_not_fit_are_refused(x, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        RBM(3, 2).fit(x)


def test_gaussian_visible_units_take_any_number():
    assert len(RBM(3, 2, "gaussian").fit([[-3.0, 0.0, 7.0]], ContrastiveDivergence(epochs=1, learning_rate=0.01))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "sample(count=0): count must be an int >= 1. Got 0."),
        ({"count": 1, "steps": 0}, "sample(steps=0): steps must be an int >= 1. Got 0."),
        ({"count": 2, "start": [[0, 1, 0]]}, "sample(count=2): start has 1 rows. Give a row for each chain."),
    ],
)
def test_chains_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RBM(3, 2).sample(**arguments)


def test_an_attribute_that_it_has_not_is_refused():
    with pytest.raises(AttributeError, match=r"^RBM has no attribute 'kernels'\. Did you mean 'kernel'\?$"):
        RBM(3, 2).kernels = 1


def test_the_seed_fixes_the_first_weights():
    assert same(RBM(20, 30, seed=5), RBM(20, 30, seed=5)) and not same(RBM(20, 30, seed=5), RBM(20, 30, seed=6))
    weights = RBM(200, 200, seed=0).kernel.numpy()
    assert abs(weights.std() - 0.01) < 5 * 0.01 / 40_000**0.5  # a standard deviation's own is s / sqrt(2 n)


def test_copies_and_pickles_learn_as_the_machine_does():
    machine, *_ = tiny(3, 2)
    x = np.eye(3)
    machine.fit(x)
    others = [copy.deepcopy(machine), pickle.loads(pickle.dumps(machine))]
    before = machine.kernel.numpy().copy()
    for other in others:
        other.fit(x)
    assert (machine.kernel.numpy() == before).all()
    machine.fit(x)
    assert all(same(machine, other) for other in others)


@pytest.mark.parametrize("kinds", [("binary", "binary"), ("gaussian", "binary"), ("binary", "gaussian")])
def test_a_machine_goes_on_from_a_file_as_if_there_were_none(tmp_path, kinds):
    machine, *_ = tiny(3, 2, *kinds)
    learning = ContrastiveDivergence(epochs=2, learning_rate=0.01)
    machine.fit(np.eye(3), learning)
    save(machine, tmp_path / "machine.ff")
    loaded = load(tmp_path / "machine.ff")
    assert same(machine, loaded)
    machine.fit(np.eye(3), learning)
    loaded.fit(np.eye(3), learning)
    assert same(machine, loaded)


def test_a_stack_is_the_same_from_its_file(tmp_path):
    stack = Stack([RBM(4, 3, seed=0), RBM(3, 2, hidden="gaussian", seed=1)])
    save(stack, tmp_path / "stack.ff")
    loaded = load(tmp_path / "stack.ff")
    assert isinstance(loaded, Stack) and len(loaded.machines) == 2
    assert all(same(a, b) for a, b in zip(stack.machines, loaded.machines, strict=True))


def test_only_machines_and_stacks_are_saved(tmp_path):
    with pytest.raises(TypeError, match=r"^save: got a Sequential\. Expected an RBM or a Stack: write save\(machine, "):
        save(ff.Sequential([ff.layers.Dense(1)]), tmp_path / "machine.ff")


def forged(path, change):
    """A file whose digest is right, and whose header and tensors are not what `save` would write."""
    machine, *_ = tiny(3, 2)
    tensors = {f"0/{name}": variable.numpy() for name, variable in machine.variables.items()}
    header = {"version": 2, "is_stack": False, "kinds": [["binary", "binary"]]}
    change(header, tensors)
    sealed = json.dumps(header | {"digest": digest_of(header, tensors)})
    path.write_bytes(write_tensors(tensors, {"feedforward_boltzmann": sealed}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, tensors: tensors.pop("0/kernel"), "KeyError: '0/kernel'"),
        (lambda header, tensors: header.pop("kinds"), "KeyError: 'kinds'"),
        (lambda header, tensors: header.update(kinds=[]), "IndexError: list index out of range"),
        (lambda header, tensors: header.update(kinds=[["binary", "x"]]), "ValueError: RBM(hidden='x')"),
        (
            lambda header, tensors: tensors.update({"0/hidden_bias": np.zeros(5, np.float32)}),
            "FormatError: hidden_bias is float32 (5,)",
        ),
        (
            lambda header, tensors: tensors.update({"0/kernel": np.zeros((3, 2))}),
            "FormatError: kernel is float64 (3, 2)",
        ),
        (
            lambda header, tensors: tensors.update({"0/kernel": np.full((3, 2), np.nan, np.float32)}),
            "FormatError: kernel is not finite",
        ),
        (lambda header, tensors: tensors.update({"1/kernel": np.zeros(1)}), "nothing uses its tensor '1/kernel'"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, change, message):
    path = tmp_path / "machine.ff"
    forged(path, change)
    with pytest.raises(FormatError, match=f"^{re.escape(str(path))} cannot be loaded: {re.escape(message)}"):
        load(path)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "machine.ff"
    save(RBM(3, 2), path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match="what it holds is not what was saved"):
        load(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError, match="is no file of Boltzmann machines, or is damaged"):
        load(path)
    with pytest.raises(FileNotFoundError, match="load: there is no file"):
        load(tmp_path / "none.ff")
