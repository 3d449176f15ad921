"""Oracles: numbers worked by hand; JAX's gradient of the loss that a program computes; central differences; ours."""

import re
import types

import numpy as np
import pytest
from click.testing import CliRunner

import feedforward as ff
from feedforward.commands.cli import main
from feedforward.nn.activations import ACTIVATIONS

L, R = ff.layers, ff.regularizers
LOSSES = ff.losses


def weights_of(model):
    return {path: weight.numpy() for path, weight in model.weights_by_path()}


def defined(text):
    """Return what a program defines."""
    module = types.ModuleType("written")
    exec(compile(text, "written", "exec"), vars(module))
    return module


def network(*layers, shape=(4,), dtype="float64"):
    ff.set_seed(3)
    model = ff.Sequential([ff.Input(shape, dtype=dtype, name="x"), *layers])
    random = np.random.default_rng(0)
    for weight in model.weights:  # so that biases and what starts at 0 or 1 are seen, too
        if weight.name.endswith("variance"):
            weight.assign(random.uniform(0.5, 2.0, weight.shape))
        elif weight.dtype.kind == "f":
            weight.assign(random.normal(0.0, 0.6, weight.shape))
    return model


def ours(model, x, y, masks):
    """Return loss and gradients of a model in training, by a tape, its layers called one after another."""
    tensors = {}
    with ff.GradientTape() as tape:
        value = ff.Tensor(x)
        for layer in model.layers:
            value = layer(value, training=True)
            if isinstance(layer, L.Dropout):
                masks[layer.name] = (value.numpy() != 0) * 1.0
        loss = model.loss(ff.Tensor(y), value) + sum(model.regularization(), start=ff.Tensor(0.0, dtype=value.dtype))
        tensors = dict(model.weights_by_path())
        trained = {path: weight for path, weight in tensors.items() if weight.trainable}
    gradients = tape.gradient(loss, list(trained.values()))
    zeros = {path: np.zeros(weight.shape) for path, weight in trained.items()}
    found = dict(zip(trained, gradients, strict=True))
    return loss.numpy(), zeros | {path: each.numpy() for path, each in found.items() if each is not None}


def compared(model, x, y, rtol):
    """Compare the written program with the package; return the program, its weights and what it was given."""
    before, masks = weights_of(model), {}
    module = defined(model.explain("numpy"))
    loss, gradients = ours(model, x, y, masks)
    given = [before, x, y, *([masks] if masks else [])]
    found, slopes, *_ = module.loss_and_gradients(*given)
    np.testing.assert_allclose(found, loss, rtol=rtol, atol=rtol)
    assert slopes.keys() == gradients.keys()
    for path, slope in slopes.items():
        assert slope.shape == gradients[path].shape
        size = np.abs(gradients[path]).max() + 1e-3  # sums cancel to less than what they are made of
        np.testing.assert_allclose(slope, gradients[path], rtol=rtol, atol=rtol * size, err_msg=path)
    return module, given


def by_jax(text, given):
    """Return JAX's gradient of the loss that a program computes."""
    jax = pytest.importorskip("jax")
    module = defined(text.replace("import numpy as np", "import jax.numpy as np"))
    weights, *data = given
    return jax.grad(lambda weights: module.loss_and_gradients(weights, *data)[0])(weights)


N = 6
NUMBERS = np.random.default_rng(1).normal(size=(N, 4))
LABELS = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[LABELS]
SHARES = np.random.default_rng(2).dirichlet(np.ones(3), N)
SIGNS = np.random.default_rng(4).choice([-1.0, 1.0], (N, 3))
TARGETS = np.random.default_rng(5).normal(size=(N, 3))
BITS = (SIGNS > 0) * 1.0

LOSS_ROWS = {
    "mse": (LOSSES.MeanSquaredError(), None, TARGETS),
    "mae": (LOSSES.MeanAbsoluteError(), None, TARGETS),
    "huber": (LOSSES.Huber(0.7), None, TARGETS),
    "binary logits": (LOSSES.BinaryCrossentropy(from_logits=True), None, BITS),
    "binary sigmoid": (LOSSES.BinaryCrossentropy(label_smoothing=0.1), "sigmoid", BITS),
    "binary probabilities": (LOSSES.BinaryCrossentropy(), "hard_sigmoid", BITS),
    "categorical logits": (LOSSES.CategoricalCrossentropy(from_logits=True), None, SHARES * 0.5),
    "categorical softmax": (LOSSES.CategoricalCrossentropy(label_smoothing=0.2), "softmax", ONE_HOT),
    "categorical probabilities": (LOSSES.CategoricalCrossentropy(), "softplus", SHARES),
    "sparse logits": (LOSSES.SparseCategoricalCrossentropy(from_logits=True), None, LABELS),
    "sparse softmax": (LOSSES.SparseCategoricalCrossentropy(label_smoothing=0.1), "softmax", LABELS),
    "sparse probabilities": (LOSSES.SparseCategoricalCrossentropy(), "softplus", LABELS),
    "hinge": (LOSSES.Hinge(), None, SIGNS),
    "squared hinge": (LOSSES.SquaredHinge(), "tanh", SIGNS),
    "perceptron": (LOSSES.Perceptron(), None, SIGNS),
    "logistic": (LOSSES.Logistic(), None, SIGNS),
}


@pytest.mark.parametrize("name", LOSS_ROWS)
def test_every_loss_is_written_with_its_gradient(name):
    loss, activation, y = LOSS_ROWS[name]
    model = network(L.Dense(5, "tanh", name="hidden"), L.Dense(3, activation, name="out"))
    model.compile("sgd", loss)
    _, given = compared(model, NUMBERS, y, 1e-13)
    _, found = defined(model.explain("numpy")).loss_and_gradients(*given)
    for path, slope in by_jax(model.explain("numpy"), given).items():
        np.testing.assert_allclose(found[path], slope, rtol=1e-11, atol=1e-13)  # of float64, some thousand roundings


@pytest.mark.parametrize(
    "activation",
    [
        *sorted(ACTIVATIONS),
        *[L.PReLU(), L.Swish(0.7, True), L.Swish(1.5), L.ELU(0.4), L.LeakyReLU(0.1), L.Maxout(3), L.Softmax(1)],
    ],
    ids=str,
)
def test_every_activation_is_written_with_its_slope(activation):
    if isinstance(activation, str) and ACTIVATIONS[activation].__module__ != "feedforward.nn.activations":
        pytest.skip("another test's own")
    model = network(L.Dense(6, activation, name="hidden"), L.Dense(1, name="out"))
    model.compile("sgd", "mse")
    x = np.concatenate([NUMBERS, 4.0 * NUMBERS])  # also where functions are bent or flat
    _, given = compared(model, x, np.concatenate([TARGETS, -TARGETS])[:, :1], 1e-11)
    if activation != "gelu":  # of which the program asks Python's own erf
        _, found = defined(model.explain("numpy")).loss_and_gradients(*given)
        for path, slope in by_jax(model.explain("numpy"), given).items():
            np.testing.assert_allclose(found[path], slope, rtol=1e-9, atol=1e-11, err_msg=path)


KINKED = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "softsign", "hard_tanh", "hard_sigmoid", "hard_swish"]


@pytest.mark.parametrize("name", [*KINKED, "maxout"])
def test_an_activation_at_its_kink_has_the_slope_that_the_package_takes(name):
    model = network(L.Dense(6, use_bias=False), L.Activation(name), L.Dense(1), shape=(6,))
    model.weights[0].assign(np.eye(6))  # so that what the activation is applied to has these very numbers
    model.compile("sgd", "mse")
    x = np.array([[0.0, 6.0, 1.0, -1.0, 0.0, 0.0], [3.0, -3.0, 0.0, 6.0, 1.0, 1.0]])
    compared(model, x, np.ones((2, 1)), 1e-13)


IMAGES = np.random.default_rng(6).normal(size=(N, 7, 6, 2))
STACKS = {
    "flatten": ([L.Flatten(), L.Dense(3)], (2, 2), NUMBERS.reshape(N, 2, 2)),
    "reshape": ([L.Dense(6), L.Reshape((2, 3)), L.Dense(2), L.Flatten(), L.Dense(3)], (4,), NUMBERS),
    "rescaling": ([L.Dense(3), L.Rescaling(0.3, -0.5), L.Dense(3)], (4,), NUMBERS),
    "normalization": (
        [L.Dense(3), L.Normalization([0.1, 0.2, 0.3], [0.5, 0.0, 2.0]), L.Dense(3)],
        (4,),
        NUMBERS,
    ),
    "dropout": ([L.Dense(8, "tanh"), L.Dropout(0.4, seed=1), L.Dense(3)], (4,), NUMBERS),
    "batch normalization": ([L.Dense(5), L.BatchNormalization(), L.Activation("relu"), L.Dense(3)], (4,), NUMBERS),
    "batch normalization of images": ([L.BatchNormalization(scale=False), L.Flatten(), L.Dense(3)], (7, 6, 2), IMAGES),
    "batch normalization without beta": ([L.Dense(5), L.BatchNormalization(center=False), L.Dense(3)], (4,), NUMBERS),
    "layer normalization": ([L.Dense(5), L.LayerNormalization(), L.Dense(3)], (4,), NUMBERS),
    "sequences": ([L.Dense(5, "relu"), L.Flatten(), L.Dense(3)], (2, 2), NUMBERS.reshape(N, 2, 2)),
    "embedding": (
        [L.Embedding(5, 3, embeddings_regularizer=R.L2(0.1)), L.Flatten(), L.Dense(3)],
        (4,),
        np.random.default_rng(7).integers(0, 5, (N, 4)),
    ),
    "convolution": (
        [L.Conv2D(3, (3, 2), activation="relu"), L.Conv2D(2, 2, strides=(2, 1)), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "padded convolution": (
        [L.Conv2D(3, 3, padding="same"), L.Conv2D(2, (3, 4), 2, "same", use_bias=False), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "pooling": (
        [L.Conv2D(3, 2), L.MaxPooling2D(2, 1), L.AveragePooling2D((2, 3), (1, 2)), L.Flatten(), L.Dense(3)],
        (7, 6, 2),
        IMAGES,
    ),
    "global pooling": ([L.Conv2D(3, 2), L.GlobalAveragePooling2D(), L.Dense(3)], (7, 6, 2), IMAGES),
    "regularizers": (
        [
            L.Dense(5, "tanh", kernel_regularizer=R.L1(0.02), bias_regularizer="l2"),
            L.Dense(3, kernel_regularizer=R.L1L2(0.01, 0.03)),
        ],
        (4,),
        NUMBERS,
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_every_layer_is_written_with_its_gradient(name):
    layers, shape, x = STACKS[name]
    model = network(*layers, shape=shape, dtype="int32" if name == "embedding" else "float64")
    model.compile("sgd", "mse")
    is_single = model.weights[0].dtype == np.float32
    # Sums of some hundred terms, each rounded; float32 where numbers of categories make weights of it.
    module, given = compared(
        model, x, TARGETS.astype(np.float32) if is_single else TARGETS, 2e-5 if is_single else 1e-12
    )
    weights, *data = given
    random = np.random.default_rng(9)
    _, slopes, *_ = module.loss_and_gradients(*given)
    direction = {path: random.normal(size=w.shape) * (path in slopes) for path, w in weights.items()}
    h = 1e-6

    def moved(by):
        return module.loss_and_gradients({path: w + by * direction[path] for path, w in weights.items()}, *data)[0]

    difference = (moved(h) - moved(-h)) / (2 * h)
    along = sum((slope * direction[path]).sum() for path, slope in slopes.items())
    assert along == pytest.approx(difference, rel=1e-7, abs=1e-8)  # roundings of 2e-16 / h, and h^2


def test_the_program_gives_the_numbers_that_are_worked_by_hand():
    """x = (1, 2); z = x W + b = (1*1 + 2*2 - 1, 1*-1 + 2*0 + 0.5) = (4, -0.5), a = relu(z) = (4, 0).

    Out z = 4*0.5 + 0*2 + 0 = 2, y = 5: L = 9, delta = 2 (2 - 5) = -6; dW = a delta = (-24, 0), da = delta (0.5, 2) =
    (-3, -12), of which the mask leaves (-3, 0); dW = x' (-3, 0).
    """
    model = ff.Sequential([ff.Input((2,)), L.Dense(2, "relu", name="hidden"), L.Dense(1, name="out")])
    model.set_weights([[[1.0, -1.0], [2.0, 0.0]], [-1.0, 0.5], [[0.5], [2.0]], [0.0]])
    model.compile(ff.optimizers.SGD(0.1), "mse")
    module = defined(model.explain("numpy"))
    weights = weights_of(model)
    loss, gradients = module.loss_and_gradients(weights, np.array([[1.0, 2.0]]), np.array([5.0]))
    assert loss == 9.0
    assert {path: slope.tolist() for path, slope in gradients.items()} == {
        "hidden/kernel": [[-3.0, 0.0], [-6.0, 0.0]],
        "hidden/bias": [-3.0, 0.0],
        "out/kernel": [[-24.0], [0.0]],
        "out/bias": [-6.0],
    }
    after = module.step(weights, gradients)  # with the model's own rate, 0.1
    assert after["out/bias"].tolist() == pytest.approx([0.6])
    model.fit(np.array([[1.0, 2.0]]), np.array([5.0]), verbose=0)
    for path, weight in model.weights_by_path():
        np.testing.assert_allclose(after[path], weight.numpy(), rtol=1e-6)  # float32


def branched(dtype="float64"):
    ff.set_seed(5)
    first, second = ff.Input((3,), dtype, name="left"), ff.Input((3,), dtype, name="right")
    shared = L.Dense(4, "tanh", name="shared", kernel_regularizer=R.L2(0.05))
    a, b = shared(first), shared(second)
    both = L.Multiply()(a, L.Add()(a, b))
    parts = [both, L.Subtract()(a, b), L.Average()(a, b, a), a]
    y = L.Dense(2, name="out")(L.Concatenate()(*parts))
    model = ff.Model([first, second], y)
    model.compile("adam", "mse")
    return model


def test_a_shared_layer_and_what_is_used_twice_add_up_their_derivatives():
    model = branched()
    random = np.random.default_rng(8)
    x, y = [random.normal(size=(5, 3)) for _ in range(2)], random.normal(size=(5, 2))
    text = model.explain("numpy")
    module, weights = defined(text), weights_of(model)
    loss, gradients = module.loss_and_gradients(weights, *x, y)
    for path, slope in by_jax(text, [weights, *x, y]).items():
        np.testing.assert_allclose(gradients[path], slope, rtol=1e-12, atol=1e-14)
    assert model.test_on_batch(x, y) == pytest.approx(loss, rel=1e-6)
    assert "learning_rate):" in text  # Adam's rate is none of gradient descent


@pytest.mark.parametrize("settings", [{"momentum": 0.9}, {"weight_decay": 0.1}, {"clipnorm": 1.0}, {"use_ema": True}])
def test_a_step_has_the_rate_of_plain_gradient_descent_alone(settings):
    model = network(L.Dense(1))
    model.compile(ff.optimizers.SGD(0.25), "mse")
    assert "learning_rate=0.25)" in model.explain("numpy") and "w - 0.25" in model.explain("formulas")
    model.compile(ff.optimizers.SGD(0.25, **settings), "mse")
    assert "learning_rate)" in model.explain("numpy") and r"w - \eta" in model.explain("formulas")


def test_the_running_means_are_those_after_a_step_of_the_model():
    model = network(L.BatchNormalization(momentum=0.9, name="norm"), L.Dense(1))
    model.compile("sgd", "mse")
    *_, averages = defined(model.explain("numpy")).loss_and_gradients(weights_of(model), NUMBERS, TARGETS[:, :1])
    model.train_on_batch(NUMBERS, TARGETS[:, :1])
    after = weights_of(model)
    assert averages.keys() == {"norm/moving_mean", "norm/moving_variance"}
    for path, value in averages.items():
        np.testing.assert_allclose(value, after[path], rtol=1e-13)


def test_a_model_that_is_not_compiled_is_written_as_its_prediction():
    model = network(L.Dense(3, "relu"), L.Dropout(0.5), L.BatchNormalization(), L.Dense(2, "softmax"))
    module = defined(model.explain("numpy"))
    np.testing.assert_allclose(
        module.predict(weights_of(model), NUMBERS), model.predict(NUMBERS, verbose=0), rtol=1e-13
    )


def test_a_model_of_float32_has_its_numbers_to_float32():
    model = network(L.Dense(5, "sigmoid"), L.Dense(3, "softmax"), dtype="float32")
    model.compile("sgd", "sparse_categorical_crossentropy")
    compared(model, NUMBERS.astype(np.float32), LABELS, 2e-6)  # 2**-24 times some ten roundings


def test_what_is_frozen_is_not_differentiated():
    model = network(L.Dense(3, "relu", name="first"), L.Dense(3, name="second"), L.Dense(2, name="third"))
    model.layers[1].trainable = False
    model.compile("sgd", "mse")
    text = model.explain("numpy")
    assert "dW_second" not in text and "dW_first" in text and "dx" not in text
    model.layers[0].trainable = False
    assert "dW_first" not in model.explain("numpy") and "delta_second" not in model.explain("numpy")


def test_names_of_layers_that_are_no_names_in_python_are_made_some():
    model = network(L.Dense(2, name="a-b"), L.Dense(2, name="a_b"), L.Dense(2, name="2nd.layer"))
    model.compile("sgd", "mse")
    compared(model, NUMBERS, TARGETS[:, :2], 1e-13)


HOSTILE = ['a"]+exit()+["', "quote'", "back\\slash", '"""', "#", "²", "\ufb01", "fi", "größe", "a%b$c"]


def test_no_name_breaks_out_of_the_program_or_the_formulas():
    """A name may come from a file, and the program is to be run."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    model = network(*[L.Dense(2, name=name) for name in HOSTILE])
    model.name = HOSTILE[0]
    model.compile("sgd", "mse")
    compared(model, NUMBERS, TARGETS[:, :2], 1e-12)
    parser = mathtext.MathTextParser("path")
    for formula in formulas_of(model.explain("formulas"))[:24:3]:
        parser.parse(f"${formula}$")


def scheduled():
    model = network(L.Dropout(ff.optimizers.schedules.FlatCosine(0.15, 10), name="drop"), L.Dense(1))
    model.compile("sgd", "mse")
    return model


class Own(L.Layer):
    def call(self, x, training):
        return x


def with_operation():
    x = ff.Input((4,))
    return ff.Model(x, L.Dense(1)(x) * 2.0)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: network(L.GaussianNoise(0.1, name="noise")), r"layer 'noise' \(GaussianNoise\)"),
        (lambda: network(Own(name="mine")), r"layer 'mine' \(Own\)"),
        (lambda: network(L.Dense(2, lambda x: x * x, name="d")), r"layer 'd' \(activation <function"),
        (
            lambda: network(L.Conv2D(1, 2, dilation_rate=2, name="c"), shape=(5, 5, 1)),
            r"layer 'c' \(Conv2D with dilation_rate=\(2, 2\)\)",
        ),
        (
            lambda: network(L.BatchNormalization(axis=1, name="n"), shape=(5, 5)),
            r"layer 'n' \(BatchNormalization with axis=1\)",
        ),
        (
            lambda: network(L.Dense(2, name="each"), shape=(None, 3)),
            r"layer 'each', whose output \(n, .*, 2\) has a size that is not known,",
        ),
        (scheduled, r"layer 'drop' \(Dropout whose rate is a schedule\)"),
        (with_operation, "the operation broadcast_to between layers|a constant between layers"),
        (
            lambda: ff.Model(x := ff.Input((4,)), L.Add(name="sum")(L.Dense(1)(x), x)),
            r"layer 'sum' \(Add of inputs of several shapes, \(n, 1\) and \(n, 4\)\)",
        ),
    ],
)
def test_what_has_no_rule_is_named(make, what):
    with pytest.raises(
        ValueError,
        match=rf"^explain: ({what}).* has no rule that writes it out\. Expected .*\. Change it, or ask for ",
    ):
        make().explain("numpy")


def test_a_loss_a_regularizer_or_outputs_without_a_rule_are_named():
    class Dear(R.Regularizer):
        def __call__(self, weight):
            return weight.sum()

    model = network(L.Dense(3, kernel_regularizer=Dear(), name="dear"))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="explain: the regularizer Dear of dear/kernel has no rule"):
        model.explain("formulas")
    model = network(L.Dense(3))
    model.compile("sgd", "log_cosh")
    with pytest.raises(ValueError, match="explain: the loss LogCosh has no rule"):
        model.explain("numpy")
    x = ff.Input((4,))
    many = ff.Model(x, [L.Dense(1)(x), L.Dense(2)(x)])
    many.compile("sgd", ["mse", "mae"])
    with pytest.raises(ValueError, match="explain: a network with 2 outputs, each with a loss of its own, has no rule"):
        many.explain("numpy")


def formulas_of(text):
    return [line[3:-3] for line in text.splitlines() if line.startswith("$$")]


def all_models():
    for loss, activation, _ in LOSS_ROWS.values():
        model = network(L.Dense(3, activation, name="out_1"))
        model.compile("sgd", loss)
        yield model
    for name in sorted(ACTIVATIONS):
        if ACTIVATIONS[name].__module__ == "feedforward.nn.activations":
            model = network(L.Dense(4, name), L.Dense(1))
            model.compile("sgd", "mse")
            yield model
    for name, (layers, shape, _) in STACKS.items():
        model = network(*layers, shape=shape, dtype="int32" if name == "embedding" else "float64")
        model.compile("sgd", "mse")
        yield model
    yield branched()


def plain(formula):
    """Return a formula without names and numbers, which mathtext reads alike: it takes some 20 ms for each."""
    return re.sub(r"\d+", "2", re.sub(r"\\mathrm\{[^}]*\}", r"\\mathrm{l}", formula.partition(r" \quad \in")[0]))


def test_every_formula_can_be_set_by_mathtext():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    found = {plain(formula) for model in all_models() for formula in formulas_of(model.explain("formulas"))}
    whole = formulas_of(branched().explain("formulas"))
    parser = mathtext.MathTextParser("path")
    for formula in [*sorted(found), *whole[:6]]:
        parser.parse(f"${formula}$")
    assert len(found) > 100


def test_the_formulas_of_a_layer_are_those_of_the_books():
    """Delta of a hidden layer and its weights' gradient: Nielsen, "Neural Networks and Deep Learning", BP2, BP4."""
    model = network(L.Dense(3, "tanh", name="hidden"), L.Dense(1, name="out"))
    model.compile("sgd", "mse")
    found = formulas_of(model.explain("formulas"))
    h, out = r"^{[\mathrm{hidden}]}", r"^{[\mathrm{out}]}"
    of, back = r" \quad \in \mathbb{R}^", rf"\frac{{\partial L}}{{\partial a{h}}}"
    assert rf"{back} = \delta{out}\,(W{out})^{{\top}}{of}{{n \times 3}}" in found
    assert rf"\delta{h} = {back} \odot \left(1 - (a{h})^2\right){of}{{n \times 3}}" in found
    assert rf"\frac{{\partial L}}{{\partial W{h}}} = (x)^{{\top}} \delta{h}{of}{{4 \times 3}}" in found


def test_the_command_writes_out_a_model_from_a_file(tmp_path):
    model = network(L.Dense(3, "relu", name="hidden"), L.Dense(2, name="out"))
    model.compile("sgd", "mse")
    path = tmp_path / "model.ff"
    model.save(path)
    for stage in ("numpy", "formulas"):
        result = CliRunner().invoke(main, ["explain", str(path), "--stage", stage])
        assert result.exit_code == 0, result.output
        assert result.output.strip() == model.explain(stage).strip()
    refused = network(L.GaussianNoise(0.1, name="noise"))
    refused.save(path)
    result = CliRunner().invoke(main, ["explain", str(path), "--stage", "numpy"])
    assert result.exit_code != 0 and "layer 'noise' (GaussianNoise) has no rule" in result.output
    assert "Traceback" not in result.output
