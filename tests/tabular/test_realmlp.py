"""Oracle (d): pytabkit 1.7.2's RealMLP, recorded by record_pytabkit.py; (a) factors and first weights by hand."""

import math
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
from feedforward.tabular.aims import Classes, Numbers
from feedforward.tabular.encoding import Encoding
from feedforward.tabular.frames import table_of
from feedforward.tabular.realmlp import Member, RealMLP, Shape

TRAINED = 32
SMALL = RealMLP(hidden=(16, 8), epochs=4, batch_size=32)


@pytest.fixture(scope="module")
def peer():
    with np.load(Path(__file__).with_name("pytabkit.npz")) as recorded:
        return dict(recorded)


def of_peer(found):
    """Return pytabkit's parameters by our names: W / sqrt(d) for W."""
    ours = {
        "periodic/frequencies": found["plr/weight_1"][:, 0],
        "periodic/phases": found["plr/bias_1"][:, 0],
        "periodic/kernel": found["plr/weight_2"],
        "periodic/bias": found["plr/bias_2"][:, 0],
        "embedding/embeddings": found["tfms/emb"],
        "scaling/scale": found["net/first_layer/layer-0/scale"][0],
    }
    layers = {"hidden_1": "first_layer/layer-0", "hidden_2": "middle_layer/layer-1", "output": "last_layer/layer-2"}
    for name, other in layers.items():
        ours[f"{name}/kernel"] = found[f"net/{other}/weight"] / math.sqrt(len(found[f"net/{other}/weight"]))
        ours[f"{name}/bias"] = found[f"net/{other}/bias"][0]
        if name != "output":
            ours[f"{name}/activation/alpha"] = found[f"net/{other}/act"][0]
    return ours


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_from_the_same_weights_every_step_is_that_of_pytabkit(peer, kind):
    own = {name.removeprefix(f"{kind}/"): value for name, value in peer.items() if name.startswith(f"{kind}/")}
    first, last = (
        of_peer({name.removeprefix(f"{when}/"): value for name, value in own.items() if name.startswith(f"{when}/")})
        for when in ("first", "last")
    )
    table = table_of(
        {
            "a": peer["numbers"][:, 0],
            "b": peer["numbers"][:, 1],
            "few": [str(value) for value in peer["few"]],
            "many": [str(value) for value in peer["many"]],
        },
        "fit",
    )
    encoding = Encoding.learnt(table.take(np.arange(TRAINED)))
    encoded = encoding.encoded(table, "fit")
    batches = own["x_cont"].reshape(-1, 2)
    rows = np.abs(batches[:, None] - peer["numbers"]).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(encoded.codes[rows, 0], own["x_cat"].ravel())
    settings = RealMLP() if kind == "classes" else RealMLP.for_numbers()
    settings = replace(settings, hidden=(6, 5), dropout=0.0, epochs=5, batch_size=8)
    if kind == "classes":
        aim, targets = Classes(2), (peer["target"] > 0.5).astype(int)
    else:
        targets = (peer["target"] * 7 + 3)[:, None]
        aim = Numbers.of(targets[:TRAINED], settings)
    member = Member(settings, Shape(5, (0, 1), encoding.sizes, aim.outputs), 0, len(own["loss"]))
    weights = {weight.name: weight for weight in member.model.weights}
    assert weights.keys() == first.keys()
    for name, value in first.items():
        weights[name].assign(value.astype(np.float32))
    member.model.compile(member.optimizer(), aim.loss(settings))
    fed = [encoded.numbers[rows], encoded.codes[rows]], aim.fed(targets)[rows]
    losses = [
        member.model.train_on_batches(*fed, order=np.arange(at, at + 8), batch_size=8)["loss"]
        for at in range(0, len(rows), 8)
    ]
    # Both round to float32 in some hundred places a step, and each of 20 steps goes on from what the last one left.
    # Every parameter moves by more than 1e-3, and is where pytabkit's is to a five-hundredth of that: a setting that is
    # off by a hundredth would be seen.
    np.testing.assert_allclose(losses, own["loss"], rtol=2e-4)
    for name, value in last.items():
        moved = np.abs(value - first[name]).max()
        assert moved > 1e-3, name
        np.testing.assert_allclose(weights[name].numpy(), value, rtol=0, atol=moved / 500, err_msg=name)


def test_factors_of_learning_rate_and_decay_are_those_of_the_paper():
    member = Member(SMALL, Shape(3, (0, 1), (4,), 2), 0, 100)
    optimizer = member.optimizer()
    optimizer.build(member.model.trainable_weights)
    found = {weight.name: pair for weight, pair in zip(optimizer.parameters, optimizer.factors(), strict=True)}
    # By hand. The first layer sees 2 * 3 mixtures, 2 numbers, 1 other column and 8 of the embedding.
    rates = {"periodic": 0.1, "scaling": 6.0, "embedding": 1.0}
    for name, (rate, decay) in found.items():
        layer, _, weight = name.partition("/")
        inputs = {"hidden_1": 17, "hidden_2": 16, "output": 8}.get(layer, 1)
        expected = rates.get(layer, {"kernel": 1 / math.sqrt(inputs), "bias": 0.1}.get(weight, 0.1))
        assert rate == pytest.approx(expected, rel=1e-15), name
        # The decay in a step is rate * decay times that of the optimizer: the factor of the paper's W, squared.
        own = 1.0 if weight == "kernel" and layer != "periodic" else expected
        whole = 0.0 if weight == "bias" and layer != "periodic" else own**2
        assert rate * decay == pytest.approx(whole, rel=1e-15), name
    assert {name.partition("/")[0] for name in found} == {*rates, "hidden_1", "hidden_2", "output"}


def test_sums_of_every_unit_deviate_by_one_at_the_start():
    draws = np.random.default_rng(0)
    numbers, codes = draws.normal(size=(500, 3)).astype(np.float32), draws.integers(0, 4, (500, 1)).astype(np.int32)
    member = Member(SMALL, Shape(3, (0, 1), (4,), 2), 0, 100)
    member.initialise([numbers, codes])
    x = np.asarray(member.front.predict([numbers, codes]), np.float64)
    for number, layer in enumerate(member.dense):
        sums = x @ layer.kernel.numpy()
        # float32 sums of 500 rows: some hundred roundings of numbers near 1.
        np.testing.assert_allclose(sums.std(axis=0), 1, atol=1e-4)
        # The bias is minus a mixture of sums of rows, so within their range.
        assert (-layer.bias.numpy() > sums.min(axis=0) - 1e-4).all()
        assert (-layer.bias.numpy() < sums.max(axis=0) + 1e-4).all()
        assert number == 2 or np.ptp(layer.bias.numpy()) > 0.1
        z = sums + layer.bias.numpy()
        x = 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))


def test_a_unit_whose_sums_are_all_the_same_keeps_finite_weights():
    member = Member(replace(SMALL, waves=0), Shape(2, (0, 1), (), 2), 0, 100)
    member.initialise([np.zeros((20, 2), np.float32)])
    assert all(np.isfinite(weight.numpy()).all() for weight in member.model.weights)


def test_the_small_variant_starts_normal_with_a_last_layer_of_zeros():
    settings = replace(SMALL.simplified(), hidden=(64, 64))
    member = Member(settings, Shape(9, tuple(range(9)), (), 2), 0, 100)
    member.initialise([np.zeros((20, 9), np.float32)])
    values = {weight.name: weight.numpy() for weight in member.model.weights}
    assert values.keys() == {
        "scaling/scale",
        *(f"{name}/{part}" for name in ("hidden_1", "hidden_2", "output") for part in ("kernel", "bias")),
    }
    assert not values["output/kernel"].any()
    assert not values["output/bias"].any()
    # Of m normal numbers the deviation is off by 1 / sqrt(2 m) a time; five times that of 64 biases, 576 weights.
    for name, inputs in (("hidden_1", 9), ("hidden_2", 64)):
        assert values[f"{name}/kernel"].std() * math.sqrt(inputs) == pytest.approx(1, abs=0.15)
        assert values[f"{name}/bias"].std() == pytest.approx(1, abs=0.45)
    assert member.optimizer().weight_decay is None


def test_members_of_one_seed_are_the_same_whatever_was_drawn_before():
    def weights(seed):
        member = Member(SMALL, Shape(3, (0,), (5,), 2), seed, 10)
        member.initialise([np.ones((9, 3), np.float32) * np.arange(9)[:, None], np.zeros((9, 1), np.int32)])
        return np.concatenate([weight.numpy().ravel() for weight in member.model.trainable_weights])

    ff.set_seed(1)
    first = weights(7)
    before = ff.random.uniform((3,)).numpy()
    np.testing.assert_array_equal(weights(7), first)
    assert (weights(8) != first).mean() > 0.7
    ff.set_seed(1)
    np.testing.assert_array_equal(ff.random.uniform((3,)).numpy(), before)  # nothing was taken from the thread's own


@pytest.mark.parametrize(
    ("shape", "inputs"),
    [
        (Shape(3, (0, 2), (), 2), ["numbers"]),
        (Shape(3, (), (), 2), ["numbers"]),
        (Shape(0, (), (4, 5), 3), ["codes"]),
        (Shape(2, (0, 1), (4,), 1), ["numbers", "codes"]),
    ],
)
def test_tables_of_every_make_up_have_a_network(shape, inputs):
    member = Member(SMALL, shape, 0, 10)
    assert [each.attrs["name"] for each in member.model.network.inputs] == inputs
    arrays = [np.ones((5, shape.numbers), np.float32)] if shape.numbers else []
    arrays += [np.ones((5, len(shape.sizes)), np.int32)] if shape.sizes else []
    assert member.model.predict(arrays if len(arrays) > 1 else arrays[0]).shape == (5, shape.outputs)


def test_each_embedded_column_has_vectors_of_its_own():
    member = Member(replace(SMALL, embedding_size=2), Shape(0, (), (3, 4), 2), 0, 10)
    vectors = member.model.get_layer("embedding").embeddings.numpy()
    assert vectors.shape == (7, 2)
    found = member.front.predict(np.array([[0, 0], [2, 3]], np.int32))
    np.testing.assert_array_equal(found, [[*vectors[0], *vectors[3]], [*vectors[2], *vectors[6]]])


@pytest.mark.parametrize(
    ("rows", "size"), [(10, 10), (64, 64), (1024, 64), (1025, 128), (8193, 256), (30_001, 512), (100_001, 1024)]
)
def test_batches_grow_with_the_rows(rows, size):
    assert replace(SMALL, batch_size=None).rows_of_batch(rows) == size
    assert SMALL.rows_of_batch(rows) == min(32, rows)


WRONG = {
    "hidden": ((), "RealMLP(hidden=()): hidden must hold the units of at least one layer. Got ()."),
    "is_activation_learned": (1, "is_activation_learned must be True or False. Got 1."),
    "waves": (-1, "waves must be an int >= 0. Got -1."),
    "mixtures": (0, "mixtures must be an int >= 1. Got 0."),
    "stddev": (-1, "stddev must be a number >= 0. Got -1."),
    "embedding_size": (0.5, "embedding_size must be an int >= 1. Got 0.5."),
    "dropout": (1, "dropout must be a number from 0 up to, but not, 1. Got 1."),
    "weight_decay": (-0.1, "weight_decay must be a number >= 0. Got -0.1."),
    "learning_rate": (0, "learning_rate must be a number > 0. Got 0."),
    "beta_2": (1.0, "beta_2 must be a number from 0 up to, but not, 1. Got 1.0."),
    "scaling_rate": (0, "scaling_rate must be a number > 0. Got 0."),
    "periodic_rate": (None, "periodic_rate must be a number > 0. Got None."),
    "embedding_rate": ("a", "embedding_rate must be a number > 0. Got 'a'."),
    "bias_rate": (math.nan, "bias_rate must be a number > 0. Got nan."),
    "activation_rate": (-1, "activation_rate must be a number > 0. Got -1."),
    "label_smoothing": (2, "label_smoothing must be a number from 0 to 1. Got 2."),
    "is_measured": (None, "is_measured must be True or False. Got None."),
    "is_clamped": ("no", "is_clamped must be True or False. Got 'no'."),
    "epochs": (0, "epochs must be an int >= 1. Got 0."),
    "batch_size": (0, "batch_size must be an int >= 1. Got 0."),
    "activation": ("rely", "Unknown activation 'rely'."),
}


@pytest.mark.parametrize("name", [field.name for field in fields(RealMLP)])
def test_a_setting_that_cannot_be_is_refused(name):
    value, message = WRONG[name]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        RealMLP(**{name: value})
