"""Oracles: losses worked out by hand and in float64 NumPy, and `Model.evaluate` at the same weights."""

import copy
import math
import pickle

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned, random
from feedforward.derivatives import value_and_grad
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.learned import Network, Quadratics, Scaled, Squares, Task, Together
from feedforward.learned.tasks import elements
from feedforward.tensor import Tensor

layers = ff.layers
CROSSENTROPY = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
X = np.random.default_rng(0).normal(0, 1, (40, 3)).astype("f4")
LABELS = (X.sum(1) > 0).astype("i8")


def tensors(**values):
    return {name: Tensor(np.asarray(value, np.float32)) for name, value in values.items()}


def draw(task, seed):
    """Return first parameters and function of a run, as arrays."""
    with random.drawing_from(seed, 0):
        parts = task.drawn()
    return tuple({name: value.numpy() for name, value in part.items()} for part in parts)


def model(*inner, units=2):
    ff.set_seed(0)
    return ff.Sequential([ff.Input((3,)), *inner, layers.Dense(units, name="last")])


# known functions


def test_a_quadratic_by_hand():
    # |W x - y|^2: W = [[1, 2], [0, 3]], x = (1, 1), y = (2, 5): (3 - 2, 3 - 5) = (1, -2): 5. With x = (0, 0): 29.
    task = Quadratics(dimensions=2, functions=2)
    w, y = [[[1, 2], [0, 3]]] * 2, [[[2], [5]]] * 2
    parameters, instance = tensors(x=[[1, 1], [0, 0]]), tensors(matrix=w, target=y)
    loss, slopes = value_and_grad(lambda given: task.loss(given, instance, ()))(parameters)
    assert float(loss) == 34.0
    # 2 W^T (W x - y): 2 (1, 2 - 6) = (2, -8), and 2 (-2, -4 - 15) = (-4, -38).
    assert slopes["x"].tolist() == [[2, -8], [-4, -38]]
    assert task.shapes() == {"x": (2, 2)}
    assert task.functions == 2


@pytest.mark.parametrize(("distribution", "mean", "deviation"), [("normal", 0, 1), ("uniform", 0.5, math.sqrt(1 / 12))])
def test_quadratics_are_drawn_as_it_is_said(distribution, mean, deviation):
    first, instance = draw(Quadratics(10, 500, distribution), 3)
    assert instance["matrix"].shape == (500, 10, 10)
    assert instance["target"].shape == (500, 10, 1)
    assert first["x"].std() == pytest.approx(0.01, rel=0.05)  # 5,000 numbers: their deviation is known to 1 %
    for numbers in instance.values():
        assert numbers.mean() == pytest.approx(mean, abs=0.05)
        assert numbers.std() == pytest.approx(deviation, rel=0.05)


def test_squares_by_hand():
    # ((1 - 0)^2 + (3 - 1)^2) / 2 = 2.5; the gradient is 2 (x - a) / 2.
    task = Squares(2)
    instance = tensors(target=[0, 1])
    loss, slopes = value_and_grad(lambda given: task.loss(given, instance, ()))(tensors(x=[1, 3]))
    assert (float(loss), slopes["x"].tolist()) == (2.5, [1, 2])
    first, drawn = draw(Squares(5000), 1)
    for numbers in (first["x"], drawn["target"]):
        assert -1 <= numbers.min() < -0.99 < 0.99 < numbers.max() <= 1


# scaled, together


def test_a_scaled_task_begins_where_the_other_does_in_other_units():
    task = Scaled(Squares(4), 2.0)
    for seed in range(5):
        first, instance = draw(task, seed)
        factors, target = instance["factor/x"], instance["task/target"]
        assert factors.shape == (4,)
        assert (math.exp(-2) <= factors).all()
        assert (factors <= math.exp(2)).all()
        # f(c x) and its slope c f'(c x), with f(z) = |z - a|^2 / 4.
        given = {"x": Tensor(first["x"])}
        loss, slopes = value_and_grad(
            lambda given, instance=instance: task.loss(given, {n: Tensor(v) for n, v in instance.items()}, ())
        )(given)
        z = np.float64(first["x"]) * factors
        assert float(loss) == pytest.approx(np.mean((z - target) ** 2), rel=20 * 2**-24)
        np.testing.assert_allclose(slopes["x"].numpy(), factors * (z - target) / 2, rtol=20 * 2**-24, atol=1e-6)
        assert np.abs(z).max() <= 1 + 1e-6, "where the other task would begin"


@pytest.mark.parametrize(("level", "shape"), [("coordinate", (2, 3)), ("parameter", ()), ("all", ())])
def test_factors_are_drawn_for_each_number_each_parameter_or_all(level, shape):
    task = Scaled(Together(Quadratics(3, 2), Squares(4)), 1.0, level)
    _, instance = draw(task, 2)
    of_both = instance["factor/0/x"], instance["factor/1/x"]
    assert of_both[0].shape == shape
    assert of_both[1].shape == ((4,) if level == "coordinate" else ())
    if level != "coordinate":
        assert (of_both[0] == of_both[1]) == (level == "all")


def test_a_spread_of_zero_changes_nothing():
    first, instance = draw(Scaled(Squares(3), 0), 1)
    loss = Scaled(Squares(3), 0).loss(*({n: Tensor(v) for n, v in part.items()} for part in (first, instance)), ())
    assert instance["factor/x"].tolist() == [1, 1, 1]
    assert float(loss) == pytest.approx(np.mean((first["x"] - instance["task/target"]) ** 2), rel=8 * 2**-24)


def test_a_scaled_task_may_be_scaled_again():
    # The factors of both count: x / (c d) is where it begins, f(c d x) what it is worth.
    task = Scaled(Scaled(Squares(3), 1.0), 2.0, "parameter")
    first, instance = draw(task, 4)
    c, d, target = instance["task/factor/x"], instance["factor/x"], instance["task/task/target"]
    loss = task.loss({"x": Tensor(first["x"])}, {name: Tensor(value) for name, value in instance.items()}, ())
    assert float(loss) == pytest.approx(np.mean((np.float64(first["x"]) * c * d - target) ** 2), rel=20 * 2**-24)
    assert np.abs(first["x"] * c * d).max() <= 1 + 1e-6


def test_tasks_together_are_their_sum_each_divided_by_its_functions():
    # Squares as by hand above, 2.5; quadratics 34 for two functions, 17.
    task = Together(Squares(2), Quadratics(2, 2))
    assert task.shapes() == {"0/x": (2,), "1/x": (2, 2)}
    parameters = tensors(**{"0/x": [1, 3], "1/x": [[1, 1], [0, 0]]})
    instance = tensors(
        **{"0/target": [0, 1], "1/matrix": [[[1, 2], [0, 3]]] * 2, "1/target": [[[2], [5]]] * 2},
    )
    loss, slopes = value_and_grad(lambda given: task.loss(given, instance, ()))(parameters)
    assert (float(loss), slopes["0/x"].tolist(), slopes["1/x"].tolist()) == (19.5, [1, 2], [[1, -4], [-2, -19]])
    assert task.functions == 1


def test_tasks_together_may_be_together_with_others():
    inner = Together(Squares(2), Squares(2))
    parameters = tensors(**{"0/0/x": [1, 3], "0/1/x": [0, 1], "1/x": [1, 1]})
    instance = tensors(**{"0/0/target": [0, 1], "0/1/target": [0, 1], "1/target": [0, 1]})
    assert float(Together(inner, Squares(2)).loss(parameters, instance, ())) == 2.5 + 0 + 0.5
    assert draw(Together(inner, Squares(2)), 0)[0].keys() == parameters.keys()


def test_tasks_together_take_the_batch_of_the_one_that_has_samples():
    network = Network(model(), CROSSENTROPY, X, LABELS, batch_size=8)
    task = Together(Squares(2), network)
    assert (len(task.samples), task.batch_size) == (2, 8)
    first, instance = draw(task, 0)
    batch = [Tensor(array[:8]) for array in task.samples]
    own = {name.removeprefix("1/"): Tensor(value) for name, value in first.items() if name.startswith("1/")}
    target, x = instance["0/target"], first["0/x"]
    expected = np.mean((x - target) ** 2) + float(network.loss(own, {}, batch))
    got = task.loss(*({name: Tensor(value) for name, value in part.items()} for part in (first, instance)), batch)
    assert float(got) == pytest.approx(expected, rel=8 * 2**-24)


TASKS = {
    "quadratics": Quadratics(3, 2),
    "squares": Squares(3),
    "scaled": Scaled(Squares(3)),
    "together": Together(Squares(2), Scaled(Quadratics(2, 2), 1.0, "all")),
    "network": Network(model(), CROSSENTROPY, X, LABELS, batch_size=8),
}


@pytest.mark.parametrize("name", TASKS)
def test_where_a_run_begins_is_drawn_from_its_seed(name):
    task = TASKS[name]
    parts = [{**first, **instance} for first, instance in (draw(task, seed) for seed in (1, 1, 2))]
    assert all((parts[0][key] == parts[1][key]).all() for key in parts[0])
    assert any((parts[0][key] != parts[2][key]).any() for key in parts[0])
    first, _ = draw(task, 1)
    assert {key: value.shape for key, value in first.items()} == task.shapes()
    assert elements(task.shapes()) == sum(value.size for value in first.values())


# networks


def several():
    """Return a model of two inputs and two outputs."""
    ff.set_seed(0)
    a, b = ff.Input((3,), name="a"), ff.Input((3,), name="b")
    hidden = layers.Dense(4, name="hidden")(layers.Concatenate()([a, b]))
    return ff.Model([a, b], [layers.Dense(2, name="p")(hidden), layers.Dense(1, name="q")(hidden)])


def words():
    """Return a model that takes text."""
    ff.set_seed(0)
    text = ff.Input((2,), dtype="string")
    vectors = layers.Embedding(3, 2, name="vectors")(layers.StringLookup(vocabulary=["a", "b"])(text))
    return ff.Model(text, layers.Dense(2, name="last")(layers.Flatten()(vectors)))


def pictures():
    ff.set_seed(0)
    return ff.Sequential([ff.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])


ONE_HOT = ff.losses.CategoricalCrossentropy(from_logits=True)
TEXT = np.array([["a", "b"], ["b", "b"], ["b", "a"], ["a", "a"]] * 10)
IMAGES = np.random.default_rng(1).integers(0, 255, (40, 4, 4, 1)).astype("u1")
NETWORKS = {
    "plain": (lambda: model(layers.Dense(5, "sigmoid")), CROSSENTROPY, X, LABELS),
    "float64 data": (model, CROSSENTROPY, X.astype("f8"), LABELS),
    "lists": (model, CROSSENTROPY, X.tolist(), LABELS.tolist()),
    "whole numbers": (model, CROSSENTROPY, np.arange(120).reshape(40, 3) % 7, LABELS),
    "images of bytes": (pictures, CROSSENTROPY, IMAGES, LABELS),
    "labels in a column": (model, CROSSENTROPY, X, LABELS[:, None]),
    "one-hot targets": (model, ONE_HOT, X, np.eye(2)[LABELS]),
    "a softmax": (lambda: model(layers.Softmax()), "mean_squared_error", X, X[:, :2]),
    "a regularizer": (
        lambda: model(layers.Dense(4, kernel_regularizer=ff.regularizers.L2(0.3))),
        CROSSENTROPY,
        X,
        LABELS,
    ),
    "several": (several, {"p": CROSSENTROPY, "q": "mean_squared_error"}, [X, X], [LABELS, X[:, :1]]),
    "text": (words, CROSSENTROPY, TEXT, LABELS),
    "not contiguous": (model, CROSSENTROPY, np.asfortranarray(np.c_[X, X])[:, ::2], LABELS[::-1]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_loss_is_what_evaluate_measures_at_the_same_weights(name):
    make, loss, x, y = NETWORKS[name]
    network = make()
    task = Network(network, loss, x, y, batch_size=40)
    first, instance = draw(task, 7)
    assert instance == {}
    by_path = {path: weight for path, weight in network.weights_by_path() if weight.trainable}
    assert first.keys() == by_path.keys()
    got = task.loss({n: Tensor(v) for n, v in first.items()}, {}, [Tensor(array) for array in task.samples])
    for path, weight in by_path.items():
        weight.assign(first[path])
    network.compile("sgd", loss)
    expected = network.evaluate(x, y, batch_size=40, verbose=0)
    # The sums of 40 losses of either are taken in orders of their own.
    assert float(got) == pytest.approx(expected if isinstance(expected, float) else expected[0], rel=40 * 2**-24)


def test_matrices_are_drawn_and_biases_begin_as_they_stand_or_all_are_drawn():
    network = model(layers.Dense(50, name="wide"))
    network.get_layer("wide").bias.assign(np.arange(50, dtype=np.float32))
    first, _ = draw(Network(network, CROSSENTROPY, X, LABELS, batch_size=8), 0)
    assert first["wide/bias"].tolist() == [*range(50)]
    edge = math.sqrt(6 / 53)  # Glorot and Bengio 2010, equation 16
    assert 0.9 * edge < np.abs(first["wide/kernel"]).max() <= edge
    normal = ff.initializers.RandomNormal(stddev=0.01)
    first, _ = draw(Network(network, CROSSENTROPY, X, LABELS, batch_size=8, initializer=normal), 0)
    assert np.abs(first["wide/bias"]).max() < 0.05
    assert first["wide/bias"].all()
    named = draw(Network(network, CROSSENTROPY, X, LABELS, batch_size=8, initializer="zeros"), 0)[0]
    assert not any(value.any() for value in named.values())


def test_weights_that_are_frozen_stay_as_they_are():
    network = model(layers.Dense(5, name="wide"))
    network.get_layer("wide").trainable = False
    task = Network(network, CROSSENTROPY, X, LABELS, batch_size=8)
    assert task.shapes() == {"last/kernel": (5, 2), "last/bias": (2,)}


def test_the_model_is_a_copy_that_neither_changes_nor_is_changed():
    network = model(layers.Dense(4), layers.BatchNormalization())
    before = [value.copy() for value in network.get_weights()]
    task = Network(network, CROSSENTROPY, X, LABELS, batch_size=8)
    rule = learned.RNNprop(units=2, layers=1)
    learned.UnrolledTraining(rule, task, steps=4, unroll=2).train(2)
    losses = learned.losses_of(task, "sgd", [1], 3)
    assert all((old == new).all() for old, new in zip(before, network.get_weights(), strict=True))
    assert not network.is_compiled
    network.set_weights([value + 1 for value in before])
    np.testing.assert_array_equal(learned.losses_of(task, "sgd", [1], 3), losses)


def test_a_model_of_ones_own_is_a_network_too():
    class Own(ff.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(2, name="last")

        def call(self, x):
            return self.last(x)

    task, plain = (Network(each, CROSSENTROPY, X, LABELS, batch_size=8) for each in (Own(), model()))
    np.testing.assert_array_equal(learned.losses_of(task, "sgd", [1], 3), learned.losses_of(plain, "sgd", [1], 3))


def test_a_model_that_learns_its_input_from_data_is_built_from_the_samples():
    network = ff.Sequential([layers.Dense(2, name="last")])
    task = Network(network, CROSSENTROPY, X, LABELS, batch_size=8)
    assert task.shapes() == {"last/kernel": (3, 2), "last/bias": (2,)}
    assert not network.is_described


@pytest.mark.parametrize("of", [copy.deepcopy, lambda task: pickle.loads(pickle.dumps(task))])
def test_a_copy_of_a_task_is_the_task(of):
    """Of a pickle the weights were others than those of its network, and stayed as they were."""
    for name, task in TASKS.items():
        expected = learned.losses_of(task, "sgd", [1], 3)
        np.testing.assert_array_equal(learned.losses_of(of(task), "sgd", [1], 3), expected, err_msg=name)


def test_dropout_leaves_out_other_units_in_each_step_and_in_each_run():
    # With a rate of 0, whatever the batch, the loss of zeros is that of the dropped: what is left is one draw a step.
    network = ff.Sequential([ff.Input((64,)), layers.Dropout(0.5), layers.Dense(1, name="last")])
    task = Network(network, "mean_squared_error", np.ones((4, 64)), np.zeros((4, 1)), batch_size=4)
    losses = learned.losses_of(task, ff.optimizers.SGD(0.0), [1, 2], 6)
    assert len({*losses.reshape(-1).tolist()}) == 12
    np.testing.assert_array_equal(losses, learned.losses_of(task, ff.optimizers.SGD(0.0), [1, 2], 6))
    np.testing.assert_array_equal(losses[1:], learned.losses_of(task, ff.optimizers.SGD(0.0), [2], 6))


# wrong use


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: Quadratics(0), ValueError, r"^Quadratics\(dimensions=0\): dimensions must be an int >= 1\. Got 0\."),
        (lambda: Quadratics(functions=True), ValueError, r"functions must be an int >= 1\. Got True\."),
        (lambda: Quadratics(2.5), ValueError, r"dimensions must be an int >= 1\. Got 2\.5\."),
        (lambda: Quadratics(distribution="x"), ValueError, r"distribution must be 'normal' or 'uniform'\. Got 'x'\."),
        (lambda: Squares(-1), ValueError, r"^Squares\(dimensions=-1\): dimensions must be an int >= 1\. Got -1\."),
        (lambda: Squares(math.nan), ValueError, r"dimensions must be an int >= 1\. Got nan\."),
        (lambda: Scaled(3), TypeError, r"^Scaled: got 3\. Expected a task\. Give one, such as Quadratics\(\)\."),
        (lambda: Scaled(Squares), TypeError, r"^Scaled: got <class"),
        (lambda: Scaled(Squares(), -1), ValueError, r"^Scaled\(spread=-1\): spread must be a number from 0 to 20\."),
        (lambda: Scaled(Squares(), math.nan), ValueError, r"spread must be a number from 0 to 20\. Got nan\."),
        (lambda: Scaled(Squares(), 10**400), ValueError, r"spread must be a number from 0 to 20\."),
        (lambda: Scaled(Squares(), 1, "x"), ValueError, r"level must be 'coordinate', 'parameter' or 'all'\. Got 'x'"),
        (lambda: Together(), ValueError, r"^Together\(\): there are no tasks\. Give one at least\."),
        (lambda: Together(Squares(), None), TypeError, r"^Together: got None\. Expected a task\."),
        (lambda: Together([Squares()]), TypeError, r"^Together: got \[Squares"),
    ],
)
def test_a_mistake_in_a_task_is_told_where_it_is_made(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_only_one_of_several_tasks_has_samples():
    network = TASKS["network"]
    with pytest.raises(ValueError, match=r"^Together: 2 of the tasks have samples\. Give at most one that has\."):
        Together(network, Squares(), Scaled(network))


MISTAKES = [
    ({"model": "m"}, TypeError, r"^Network\(model='m'\): expected a Model\. Give one that has its layers\."),
    ({"model": layers.Dense(1)}, TypeError, r"expected a Model"),
    (
        {"model": ff.Sequential([ff.Input((3,)), layers.Flatten()])},
        ValueError,
        r"^Network: the model has no trainable weights\. Add a",
    ),
    ({"model": lambda: strange()}, FormatError, r"layer Strange is not registered as 'strange'"),
    (
        {"model": lambda: constrained()},
        ValueError,
        r"^Network: the weight 'last/kernel' has the constraint NonNegative",
    ),
    ({"loss": "mse2"}, ValueError, r"Unknown loss 'mse2'"),
    ({"loss": None}, ValueError, r"no loss\. Give one"),
    ({"loss": 3}, TypeError, r"got 3"),
    ({"initializer": "he"}, ValueError, r"Unknown initializer 'he'\. Did you mean 'he_"),
    ({"initializer": 3}, TypeError, r"initializer: got 3"),
    ({"x": None}, TypeError, r"^Network: x is missing"),
    ({"x": X[:, :2]}, ShapeError, r"^Network: x has shape \(40, 2\), the network expects \(n, 3\)"),
    ({"x": X[:9]}, DataError, r"^Network: the numbers of samples differ: x has 9, y has 40"),
    ({"x": X[:0], "y": LABELS[:0]}, DataError, r"^Network: there are no samples\. Give at least one"),
    ({"x": X * np.nan}, DataError, r"^Network: x must hold finite numbers\. Got nan in row 0"),
    ({"x": [["a"] * 3] * 40}, TypeError, r"^Network: x: row 0, column 0 holds 'a', a str"),
    ({"x": 3.0}, DataError, r"^Network: x is the single number 3\.0"),
    ({"y": None}, TypeError, r"^Network: y is missing"),
    ({"y": ["a", "b"] * 20}, TypeError, r"^Network: y: .*holds 'a', a str"),
    ({"y": LABELS + 1}, DataError, r"labels range from 1 to 2, but the network has 2 outputs"),
    ({"y": np.eye(2)[LABELS]}, ShapeError, r"Did you mean CategoricalCrossentropy, which takes one-hot rows"),
    ({"loss": "mean_squared_error", "y": X[:, :2] * np.inf}, DataError, r"^Network: y must hold finite numbers"),
    ({"loss": "mean_squared_error", "y": X}, ShapeError, r"\(40, 3\)"),
    ({"batch_size": 41}, ValueError, r"^Network\(batch_size=41\): there are 40 samples\. Give a batch of at most"),
    *[
        ({"batch_size": size}, ValueError, r"^Network\(batch_size=.*\): batch_size must be an int >= 1\. Got")
        for size in (0, -1, True, 2.0, "8", None, math.nan)
    ],
]


class Strange(layers.Layer):
    """A layer that no file can hold, and so no copy of a model."""

    def call(self, x):
        return x


def strange():
    return ff.Sequential([ff.Input((3,)), Strange(), layers.Dense(2)])


def constrained():
    return ff.Sequential([ff.Input((3,)), layers.Dense(2, name="last", kernel_constraint="non_negative")])


@pytest.mark.parametrize(("settings", "error", "match"), MISTAKES, ids=[match for _, _, match in MISTAKES])
def test_a_mistake_in_a_network_s_task_is_told_where_it_is_made(settings, error, match):
    given = {"model": model, "loss": CROSSENTROPY, "x": X, "y": LABELS, "batch_size": 8} | settings
    if callable(given["model"]) and not isinstance(given["model"], layers.Layer | ff.Model):
        given["model"] = given["model"]()
    with pytest.raises(error, match=match):
        Network(**given)


def test_a_task_says_what_it_does_not_define():
    for call, name in (
        (lambda: Task().shapes(), "shapes"),
        (lambda: Task().drawn(), "drawn"),
        (lambda: Task().loss({}, {}, ()), "loss"),
    ):
        with pytest.raises(NotImplementedError, match=rf"^Task has no {name}\(\)\. Define {name}\("):
            call()
