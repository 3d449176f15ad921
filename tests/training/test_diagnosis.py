"""Oracle (a): shares and ratios worked by hand; faults planted one at a time, and nets that learn as they should."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.diagnosis import Diagnosis, LayerHealth

L = ff.layers


def digits():
    train, _ = ff.datasets.digits()
    return np.asarray(train[0]).reshape(len(train[0]), -1) / np.float32(16), np.asarray(train[1])


def net(units, activation, kernel="glorot_uniform", bias="zeros", optimizer="adam", classes=10):
    ff.set_seed(3)
    layers = [L.Dense(u, activation, kernel_initializer=kernel, bias_initializer=bias) for u in units]
    model = ff.Sequential([ff.Input((64,)), *layers, L.Dense(classes, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def kinds(model, x, y):
    return {finding.kind for finding in model.diagnose(x, y).findings}


@pytest.mark.parametrize(
    "make",
    [
        lambda: net([64, 32], "relu"),
        lambda: net([48], "tanh", optimizer=ff.optimizers.SGD(0.1)),
        lambda: net([64, 48, 32, 16], "elu", kernel="he_normal", optimizer=ff.optimizers.RMSprop()),
    ],
)
def test_nets_that_learn_are_silent_before_training_and_after(make):
    x, y = digits()
    model = make()
    assert kinds(model, x, y) == set()
    model.fit(x, y, epochs=8, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.4
    assert kinds(model, x, y) == set()


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: net([64, 32], "relu", bias=ff.initializers.Constant(-50.0)), "dead units"),
        (lambda: net([64, 32], "sigmoid", kernel=ff.initializers.RandomNormal(0.0, 5.0)), "saturated units"),
        (lambda: net([64, 32], "tanh", kernel=ff.initializers.RandomNormal(0.0, 5.0)), "saturated units"),
        (lambda: net([48] * 8, "sigmoid", optimizer=ff.optimizers.SGD(0.1)), "vanishing gradient"),
        (lambda: net([48] * 8, "relu", kernel=ff.initializers.RandomNormal(0.0, 1.0)), "exploding gradient"),
        (lambda: net([64], "relu", optimizer=ff.optimizers.SGD(100.0)), "large updates"),
        (lambda: net([64], "relu", optimizer=ff.optimizers.SGD(1e-9)), "no updates"),
        (lambda: net([48] * 3, "sigmoid", optimizer=ff.optimizers.SGD(0.1)), "gradients of one sign"),
    ],
)
def test_each_finding_fires_on_a_fault_planted_for_it(make, kind):
    assert kind in kinds(make(), *digits())


def test_numbers_of_a_layer_are_those_worked_by_hand():
    # x = (1, 2), w = (1, -1, 2): relu(x w) = ((1, 0, 2), (2, 0, 4)), so one unit of three is dead. With v = (1, 1, 1)
    # the outputs are 3 and 6, y = 0: the loss of a sample is o^2, its slope by a hidden unit 2 o: 6 and 12.
    # Its root mean square is sqrt((3 * 36 + 3 * 144) / 6) = sqrt(90). The mean gradient by w is (1 * 6 + 2 * 12) / 2 =
    # 15 for units 1 and 3, 0 for unit 2, so SGD(0.1) steps by 1.5 each: sqrt(2 * 1.5^2) / sqrt(6) of the kernel.
    model = ff.Sequential(
        [
            ff.Input((1,)),
            L.Dense(3, "relu", use_bias=False, name="hidden"),
            L.Dense(1, use_bias=False, name="out"),
        ]
    )
    model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    model.set_weights([np.array([[1.0, -1.0, 2.0]]), np.ones((3, 1))])
    found = model.diagnose([[1.0], [2.0]], [0.0, 0.0])
    hidden, out = found.layers
    assert (found.samples, found.loss) == (2, (9 + 36) / 2)
    assert hidden.layer == "hidden"
    assert hidden.activation == "relu"
    assert hidden.dead == pytest.approx(1 / 3)
    assert hidden.saturated is None
    assert hidden.gradient == pytest.approx(np.sqrt(90), rel=1e-6)  # float32
    assert hidden.update == pytest.approx(np.sqrt(4.5 / 6), rel=1e-6)
    assert out.gradient == pytest.approx(np.sqrt((36 + 144) / 2), rel=1e-6)
    assert out.dead is None


def test_a_diagnosis_changes_nothing():
    x, y = digits()
    model = net([32], "relu")
    model.fit(x[:100], y[:100], verbose=0)
    twin = net([32], "relu")
    twin.fit(x[:100], y[:100], verbose=0)
    model.diagnose(x, y)
    for each in (model, twin):
        each.fit(x[:100], y[:100], epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_of_networks_in_networks_and_of_a_model_of_ones_own_are_named_by_their_path():
    class Block(ff.layers.Layer):
        def __post_init__(self):
            super().__post_init__()
            self.first = L.Dense(4, "tanh", name="first")

        def call(self, x):
            return self.first(x)

    model = ff.Sequential([ff.Input((3,)), Block(name="block"), L.Dense(1, name="out")])
    model.compile("sgd", "mean_squared_error")
    assert [layer.layer for layer in model.diagnose(np.ones((4, 3)), np.ones(4)).layers] == ["block/first", "out"]


def test_it_prints_a_table_and_a_sentence_for_each_kind():
    ill = LayerHealth("a", "relu", 0.75, None, 0.5, 0.01, None)
    end = LayerHealth("b", "", None, None, 1.0, 0.001, 0.25)
    assert str(Diagnosis(2, 1.5, (ill, end))).splitlines() == [
        "Diagnosis on 2 samples, mean loss 1.5",
        "Layer     Dead  Saturated  Gradient   Update  One sign",
        "a (relu)   75%              5.0e-01  1.0e-02",
        "b                           1.0e+00  1.0e-03       25%",
        "- dead units in a: 75% of the units are 0 for every sample, so no gradient reaches their weights and they "
        "stay so. Lower the learning rate, start biases at 0, or use leaky_relu or elu.",
    ]
    assert str(Diagnosis(1, 0.0, (end,))).splitlines()[-1] == "Nothing looks ill."


def test_many_layers_with_one_fault_are_one_finding():
    layers = tuple(LayerHealth(f"d{n}", "relu", 0.6 + n / 100, None, 1.0, 0.01, None) for n in range(6))
    (finding,) = Diagnosis(1, 0.0, layers).findings
    assert str(finding).startswith("dead units in d0, d1, d2, d3 and 2 more: 65% of the units")


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda m, x, y: m.diagnose(x, y, 0), ValueError, r"diagnose\(samples=0\): samples must be an int >= 1"),
        (lambda m, x, y: m.diagnose(x[:0], y[:0]), ValueError, "diagnose: "),
        (lambda m, x, y: m.diagnose(x, y[:3]), ValueError, "diagnose: "),
        (
            lambda m, x, y: ff.Sequential([ff.Input((64,)), L.Dense(1)]).diagnose(x, y),
            ValueError,
            "diagnose: the model is",
        ),
        (
            lambda m, x, y: (m.compile(ff.optimizers.SVRG(), "sparse_categorical_crossentropy"), m.diagnose(x, y)),
            TypeError,
            "diagnose: SVRG needs gradients at its snapshot, too",
        ),
    ],
)
def test_a_mistake_is_named_by_the_method(ask, error, message):
    x, y = digits()
    with pytest.raises(error, match=f"^{message}"):
        ask(net([8], "relu"), x, y)


def test_the_example_tells_the_network_that_learns_from_the_one_that_does_not(capsys):
    main = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "diagnose.py"))["main"]
    ill, healthy = main()
    assert ill < 0.2
    assert healthy > 0.8
    said = capsys.readouterr().out
    assert said.count("vanishing gradient") == 1
    assert said.count("Nothing looks ill.") == 1


@pytest.mark.parametrize("caller", ["diagnose", "lr_find", "top_losses"])
def test_data_that_are_not_finite_are_named_and_not_judged(caller):
    x, y = digits()
    x = np.where(np.arange(x.size).reshape(x.shape) == 64 * 7 + 5, np.nan, x)
    message = rf"^{caller}: x must hold finite numbers\. Got nan in row 7, column 5\."
    with pytest.raises(ff.errors.DataError, match=message):
        getattr(net([8], "relu"), caller)(x, y)
