"""Oracle: each kernel's reads and writes, compared pair by pair, as the order of the program has them."""

import itertools

import numpy as np
import pytest

import feedforward as ff
from feedforward.compiler import work
from feedforward.compiler.assemble import lay_out
from feedforward.compiler.machine import host
from feedforward.compiler.memory import touched, written
from feedforward.compiler.simplify import simplify
from feedforward.graph.program import specialise


def layout_of(model, batch, *arrays):
    """Return how a model's training step is laid out for a batch of so many rows."""
    program = model.traced("train", arrays)
    return lay_out(simplify(specialise(program, [(batch, *array.shape[1:]) for array in arrays])), host())


def mlp(widths, optimizer="adam"):
    layers = [ff.layers.Dense(width, activation="tanh") for width in widths[1:-1]]
    model = ff.Sequential([ff.Input((widths[0],)), *layers, ff.layers.Dense(widths[-1])])
    model.compile(optimizer, ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def data(width):
    return np.zeros((2, width), np.float32), np.zeros(2, np.uint8)


@pytest.mark.parametrize("least", [1, 300, 20_000])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("widths", [(784, 512, 512, 10), (30, 64, 64, 2), (5, 3), (200, 300, 17, 300, 40)])
def test_no_kernel_runs_beside_one_that_it_waits_for(widths, optimizer, least, monkeypatch):
    monkeypatch.setattr(work, "_TASK_WORK", least)
    layout = layout_of(mlp(widths, optimizer), 64, *data(widths[0]))
    kernels, olds = layout.lowered.kernels, {new: old for old, new in layout.moves}
    reads, writes = ([{olds.get(one, one) for one in f(kernel.body)} for kernel in kernels] for f in (touched, written))
    # The place of a kernel: its stage; in that its strand, of which all but a chain have one member; its turn in that.
    places = {}
    for number, stage in enumerate(layout.stages):
        for strand, members in enumerate([stage.chain, *((one,) for one in stage.others)]):
            places |= {member: (number, strand, turn) for turn, member in enumerate(members)}
    assert sorted(places) == list(range(len(kernels)))
    waits = [
        (before, after)
        for before, after in itertools.combinations(range(len(kernels)), 2)
        if writes[before] & reads[after] or reads[before] & writes[after]
    ]
    assert waits
    for before, after in waits:
        first, second = places[before], places[after]
        assert first < second
        assert first[0] < second[0] or first[1] == second[1]


def test_buffers_of_a_stage_do_not_overlap():
    layout = layout_of(mlp((200, 300, 17, 300, 40)), 64, *data(200))
    kernels, arena = layout.lowered.kernels, layout.arena
    for stage in layout.stages:
        used = {one for number in (*stage.chain, *stage.others) for one in touched(kernels[number].body)}
        spans = sorted(
            (arena.offsets[one], arena.offsets[one] + one.size * one.dtype.itemsize) for one in used & {*arena.offsets}
        )
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_a_layers_update_runs_beside_a_chain():
    # By hand: after the gradient of what b was given, its sum for the bias of a; beside that the update of b.
    layers = [ff.layers.Dense(512, "relu", name="a"), ff.layers.Dense(512, "relu", name="b"), ff.layers.Dense(10)]
    model = ff.Sequential([ff.Input((784,)), *layers])
    model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    layout = layout_of(model, 128, *data(784))
    names = [kernel.name for kernel in layout.lowered.kernels]
    beside = [{*map(names.__getitem__, stage.chain)} for stage in layout.stages if stage.others and stage.chain]
    others = [[names[one] for one in stage.others] for stage in layout.stages if stage.others and stage.chain]
    assert "a/sum" in beside[others.index(["b/matmul and the update"])]
