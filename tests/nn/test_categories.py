"""Oracle (b): rows of a matrix, one-hot products and `numpy.digitize`; (a) vocabularies by hand; (d) Keras."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, DtypeError, FormatError, NotFiniteError, OutOfRangeError
from feedforward.nn import categories
from feedforward.nn.config import from_config, to_config
from feedforward.nn.layer import LAYERS

L = ff.layers
EPS = float(np.finfo(np.float32).eps)

CONFIGS = {
    "embedding": [L.Embedding(3, 2), L.Embedding(np.int64(3), 1, "ones", "l2", name="e")],
    "category_encoding": [L.CategoryEncoding(3), L.CategoryEncoding(np.int64(2), "count")],
    "discretization": [L.Discretization([0, 1.5]), L.Discretization(num_bins=4), L.Discretization([1], num_bins=2)],
    "string_lookup": [
        L.StringLookup(),
        L.StringLookup(vocabulary=np.array(["a", "b\n", "ü"]), max_tokens=9, oov_token="?"),
        L.StringLookup(num_oov_indices=0, vocabulary=("",)),
    ],
}


@pytest.mark.parametrize("name", [name for name in LAYERS if LAYERS[name].__module__ == categories.__name__])
def test_every_layer_comes_back_from_its_configuration(name):
    assert name in CONFIGS, f"no configurations for layers.{name}"
    for layer in CONFIGS[name]:
        config = to_config(layer)
        assert to_config(from_config(LAYERS, config)) == config


# Embedding


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("shape", [(4,), (4, 3), (2, 3, 2), (0, 3), (1, 1)])
def test_an_embedding_reads_rows(shape, dtype):
    layer = L.Embedding(5, 3)
    x = np.random.default_rng(0).integers(0, 5, shape).astype(dtype)
    y = layer(x)
    np.testing.assert_array_equal(y.numpy(), layer.embeddings.numpy()[x])
    assert y.shape == (*shape, 3) and y.dtype == np.float32


def test_the_gradient_of_an_embedding_is_that_of_a_product_with_one_hot_rows():
    layer, x = L.Embedding(5, 3, dtype="float64"), np.array([[0, 2], [2, 4], [2, 0]])
    weights = np.random.default_rng(1).normal(size=(3, 2, 3))
    layer(x)
    with ff.GradientTape() as tape:
        loss = (layer(x) * ff.Tensor(weights)).sum()
    expected = np.einsum("nki,nkd->id", np.eye(5)[x], weights)
    # Sums of at most three numbers below 3.
    np.testing.assert_allclose(tape.gradient(loss, layer.embeddings).numpy(), expected, rtol=0, atol=1e-14)


def test_an_embedding_learns_in_fit_and_in_a_loop_of_ones_own():
    x, y = np.arange(12) % 4, (np.arange(12) % 4).astype(np.float32)

    def network():
        ff.set_seed(0)
        model = ff.Sequential([L.Embedding(4, 2), L.Dense(1)])
        model.compile(ff.optimizers.SGD(0.1), "mse")
        model.build_for([x])
        return model

    fitted, own = network(), network()
    fitted.fit(x, y, batch_size=12, epochs=5, shuffle=False, verbose=0)
    optimizer = ff.optimizers.SGD(0.1)
    for _ in range(5):
        with ff.GradientTape() as tape:
            loss = ((own(x, training=True)[:, 0] - y) ** 2).mean()
        optimizer.apply_gradients(zip(tape.gradient(loss, own.weights), own.weights, strict=True))
    for one, other in zip(fitted.weights, own.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-6)  # five steps, some roundings each
    assert fitted.evaluate(x, y, verbose=0) < np.var(y)


def in_model():
    ff.set_seed(0)
    model = ff.Sequential([L.Embedding(3, 2, name="emb"), L.Flatten(), L.Dense(1)])
    model.compile("sgd", "mse")
    model.build_for([np.zeros((1, 2), np.int64)])
    return model


BAD = np.array([[0, 1], [2, 3]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: L.Embedding(3, 2, name="emb")(BAD),
            "layer 'emb' was given 3 in row 1, column 1, built at test_categories",
        ),
        (lambda: L.Embedding(3, 2)([-1]), "was given -1 in row 0"),
        (lambda: L.Embedding(3, 2)(ff.Tensor(5)), "was given 5, built at"),
        (lambda: L.Embedding(3, 2)(np.array([2**40])), "Expected ints from 0 to 2: give such, or a larger input_dim."),
        (lambda: L.CategoryEncoding(3, name="c")(BAD), "layer 'c' was given 3 in row 1, column 1"),
        (lambda: L.CategoryEncoding(3)([[-1]]), "Expected ints from 0 to 2: give such, or a larger num_tokens."),
        (
            lambda: in_model().fit(BAD, np.ones(2), verbose=0),
            "fit: x: layer 'emb' was given 3 in row 1, column 1. Expected",
        ),
        (lambda: in_model().evaluate(BAD, np.ones(2), verbose=0), "evaluate: x: layer 'emb' was given 3"),
        (lambda: in_model().predict(BAD), "predict: x: layer 'emb' was given 3 in row 1, column 1."),
        (
            lambda: in_model().predict(-BAD),
            "predict: x: layer 'emb' was given -1 in row 0, column 1; row 1, column 0 (2 of",
        ),
        (lambda: in_model().predict_on_batch(BAD.astype(np.int32)), "predict_on_batch: x: layer 'emb' was given 3"),
        (lambda: in_model()(BAD), "sequential: x: layer 'emb' was given 3"),
        (
            lambda: in_model().fit(BAD[:1], np.ones(1), validation_data=(BAD, np.ones(2)), verbose=0),
            "fit: validation: x: layer 'emb' was given 3 in row 1",
        ),
        (lambda: in_model().fit(lambda: iter([(BAD, np.ones(2))]), verbose=0), "fit: x: layer 'emb' was given 3"),
    ],
)
def test_a_number_that_names_nothing_is_an_error_that_names_the_layer(call, message):
    with pytest.raises(OutOfRangeError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("number", [2, -3])
@pytest.mark.parametrize("make", [lambda: L.Embedding(3, 2, name="emb"), lambda: L.CategoryEncoding(3, name="emb")])
def test_one_that_is_computed_on_the_way_is_found_by_the_loss(make, number):
    x = ff.Input((2,), dtype="int32")
    model = ff.Model(x, L.Dense(1)(L.Flatten()(make()(x * 2))))
    model.compile("sgd", "mse")
    model.fit(np.array([[0, 1]]), np.ones(1), verbose=0)
    before = model.get_weights()
    with pytest.raises(
        NotFiniteError,
        match=r"batch 0 of epoch 1: take of layer 'emb' gave NaN\. An index names no place: expected ints",
    ):
        model.fit(np.array([[0, number]]), np.ones(1), verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isnan(model.predict(np.array([[0, number]]))).all()


def test_numbers_that_are_fed_through_a_nested_model_are_checked_too():
    inner = ff.Sequential([ff.Input((2,), dtype="int32"), L.Embedding(3, 2, name="emb"), L.Flatten()])
    x = ff.Input((2,), dtype="int32")
    model = ff.Model(x, L.Dense(1)(inner(x)))
    with pytest.raises(OutOfRangeError, match=r"predict: x: layer 'emb' was given 3 in row 1, column 1\."):
        model.predict(BAD)
    assert model.predict(BAD[:1]).shape == (1, 1)


@pytest.mark.parametrize("make", [lambda: L.Embedding(3, 2, name="e"), lambda: L.CategoryEncoding(3, name="e")])
@pytest.mark.parametrize("x", [np.array([0.5]), np.array([True])])
def test_categories_are_integers(make, x):
    with pytest.raises(DtypeError, match=r"layer 'e': input of (float32|bool), built at test_categories.py:\d+\. "):
        make()(x)


# CategoryEncoding


def test_categories_become_vectors_of_zeros_and_ones_or_counts():
    x, eye = np.array([[0, 2, 2], [1, 1, 1]]), np.eye(4)
    np.testing.assert_array_equal(L.CategoryEncoding(4)(x).numpy(), eye[x].max(1))
    np.testing.assert_array_equal(L.CategoryEncoding(4, "count")(x).numpy(), eye[x].sum(1))
    np.testing.assert_array_equal(L.CategoryEncoding(4, "one_hot")(x).numpy(), eye[x])
    for one in ("one_hot", "multi_hot", "count"):
        layer = L.CategoryEncoding(4, one)
        np.testing.assert_array_equal(layer(np.array([3, 0])).numpy(), eye[[3, 0]])
        np.testing.assert_array_equal(layer(np.array([[3], [0]])).numpy(), eye[[3, 0]])
        assert layer(np.zeros((0, 1), np.int32)).shape == (0, 4)
        assert layer(ff.Input((1,), dtype="int32")).shape == (None, 4)
    assert L.CategoryEncoding(4, dtype="float64")(x).dtype == np.float64


# Discretization


def test_bins_are_those_of_numpy_digitize():
    boundaries = [-1.0, 0.5, 0.5, 2.0]
    x = np.array([[-5.0, -1.0, 0.0], [0.5, 1.0, 2.0], [3.0, np.inf, -np.inf]], np.float32)
    y = L.Discretization(boundaries)(x)
    assert y.dtype == np.int32
    np.testing.assert_array_equal(y.numpy(), np.digitize(x, boundaries))
    assert L.Discretization([0.5])(np.array([0, 1])).tolist() == [0, 1]
    assert L.Discretization([0.5])(np.zeros((0, 2))).shape == (0, 2)


def test_adapted_bins_hold_as_many_numbers_each(tmp_path):
    x = np.random.default_rng(0).normal(size=(100, 1))
    layer = L.Discretization(num_bins=4)
    layer.adapt(x)
    # The quartiles of 100 numbers, interpolated between neighbours: 25 in each bin.
    assert layer.bin_boundaries == tuple(np.quantile(x, [0.25, 0.5, 0.75]).tolist())
    assert np.bincount(layer(x).numpy().ravel()).tolist() == [25, 25, 25, 25]
    model = ff.Sequential([ff.Input((1,)), layer, L.CategoryEncoding(4, "one_hot"), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)
    model.save(tmp_path / "model.ff")
    again = ff.load(tmp_path / "model.ff")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.layers[0].bin_boundaries == layer.bin_boundaries and again.layers[0].num_bins == 4
    layer.adapt(x * 3)  # also when it is built
    assert np.bincount(layer(x * 3).numpy().ravel()).tolist() == [25, 25, 25, 25]
    assert not np.array_equal(model.predict(x), again.predict(x))


def test_nan_is_in_no_bin():
    model = ff.Sequential([ff.Input((2,)), L.Discretization([0.0], name="d"), L.Embedding(2, 1), L.Flatten()])
    with pytest.raises(DataError, match=r"predict: x: layer 'd' was given NaN in row 1, column 0, which is in no bin"):
        model.predict([[0.0, 1.0], [np.nan, 1.0]])
    assert L.Discretization([0.0])(np.array([np.nan])).tolist() == [0]


# StringLookup


def test_texts_become_their_places_in_the_vocabulary():
    layer = L.StringLookup(vocabulary=["b", "a"])
    assert layer(["a", "b", "c", ""]).tolist() == [2, 1, 0, 0]
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"] and layer.vocabulary_size() == 3
    assert layer(np.array([["a"], ["c"]], object)).shape == (2, 1)
    assert layer(["a"]).dtype == np.int32
    assert L.StringLookup(num_oov_indices=0, vocabulary=["b", "a"])(["a", "b"]).tolist() == [1, 0]
    assert (
        layer(np.array(["a"], np.dtypes.StringDType())).tolist() == [2] if hasattr(np.dtypes, "StringDType") else True
    )


def test_adapt_numbers_texts_by_how_frequent_they_are():
    layer = L.StringLookup()
    layer.adapt([["d", "b"], ["b", "c"], ["a", "b"]])  # b three times, the others once each
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "c", "d"]
    layer = L.StringLookup(max_tokens=3)
    layer.adapt(["d", "b", "b", "c", "a", "b"])
    assert layer.vocabulary == ("b", "a") and layer.vocabulary_size() == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Embedding(0, 2), "Embedding(input_dim=0): input_dim must be an int >= 1. Got 0."),
        (lambda: L.Embedding(2, 1.0), "Embedding(output_dim=1.0): output_dim must be an int >= 1. Got 1.0."),
        (lambda: L.CategoryEncoding(True), "CategoryEncoding(num_tokens=True): num_tokens must be an int >= 1."),
        (lambda: L.CategoryEncoding(3, "hot"), "output_mode must be 'multi_hot', 'one_hot' or 'count'. Got 'hot'."),
        (
            lambda: L.Discretization(),
            "Discretization: there are no bins. Give bin_boundaries, or num_bins and call adapt().",
        ),
        (
            lambda: L.Discretization([2.0, 1.0]),
            "bin_boundaries must hold at least one number, none below the one before",
        ),
        (lambda: L.Discretization([np.nan]), "bin_boundaries must hold at least one number"),
        (lambda: L.Discretization([]), "bin_boundaries must hold at least one number"),
        (lambda: L.Discretization([1.0], num_bins=3), "Discretization(num_bins=3): 1 boundaries make 2 bins."),
        (lambda: L.Discretization(num_bins=1), "Discretization(num_bins=1): num_bins must be an int >= 2. Got 1."),
        (lambda: L.Discretization(num_bins=2).adapt("a"), "Discretization.adapt: x is 'a'. Give an array of numbers."),
        (lambda: L.Discretization([1.0]).adapt([1]), "Discretization.adapt: boundaries were given."),
        (
            lambda: L.Discretization(num_bins=2).adapt([]),
            "Discretization.adapt: got shape (0,). Give at least one number",
        ),
        (
            lambda: L.Discretization(num_bins=2).adapt([[1], [np.inf]]),
            "adapt: got inf in row 1, column 0. Give at least",
        ),
        (lambda: L.Discretization(num_bins=2, name="d")([1.0]), "layer 'd' has no boundaries. Call adapt(x) with the"),
        (lambda: L.StringLookup(num_oov_indices=2), "StringLookup(num_oov_indices=2): num_oov_indices must be 0 or 1."),
        (lambda: L.StringLookup(num_oov_indices=True), "num_oov_indices must be 0 or 1. Got True."),
        (lambda: L.StringLookup(num_oov_indices=1.0), "num_oov_indices must be 0 or 1. Got 1.0."),
        (lambda: L.StringLookup(1), "StringLookup(max_tokens=1): max_tokens must be an int >= 2. Got 1."),
        (lambda: L.StringLookup(oov_token=0), "StringLookup(oov_token=0): oov_token must be a str. Got 0."),
        (
            lambda: L.StringLookup(vocabulary=["a", "a"]),
            "vocabulary ['a', 'a']: 'a' is in it twice. Give each text once.",
        ),
        (lambda: L.StringLookup(vocabulary=[]), "vocabulary []: it holds 0 texts, expected 1 to 1,048,576."),
        (lambda: L.StringLookup(2, vocabulary=["a", "b"]), "it holds 2 texts, expected 1 to 1."),
        (
            lambda: L.StringLookup(vocabulary="abc"),
            "StringLookup: vocabulary is 'abc', and not a text for each sample.",
        ),
        (lambda: L.StringLookup(vocabulary=["a", 1]), "vocabulary: row 1 holds 1, of type int, and text is expected."),
        (lambda: L.StringLookup(name="s")(["a"]), "layer 's' has no vocabulary. Call adapt(x) with the training data"),
        (lambda: L.StringLookup().adapt([]), "StringLookup.adapt: x holds no text. Give at least one."),
        (lambda: L.StringLookup().adapt(["a", None]), "StringLookup.adapt: x: row 1 is missing (None), and text is"),
        (lambda: L.StringLookup().adapt([["a"], ["b", "c"]]), "StringLookup.adapt: x: rows differ in length."),
        (
            lambda: L.StringLookup(vocabulary=["a"])([1]),
            "StringLookup: x: row 0 holds 1, of type int, and text is expected",
        ),
        (
            lambda: L.StringLookup(vocabulary=["a"])([b"a"]),
            "of type bytes, and text is expected. Decode it: x.astype(str).",
        ),
        (
            lambda: L.StringLookup(vocabulary=["a"])(ff.Tensor([1])),
            "StringLookup: x is a tensor of numbers, and text is",
        ),
        (
            lambda: L.StringLookup(vocabulary=["a"], num_oov_indices=0, name="s")(["a", "z"]),
            "StringLookup: x: layer 's' was given 'z' in row 1, which is not in its vocabulary. Add it, or let",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is_given(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("string_lookup", {"vocabulary": ["a", ["b"]]}),
        ("string_lookup", {"vocabulary": {"a": 1}}),
        ("string_lookup", {"vocabulary": [str(number) for number in range(2**20 + 1)]}),
        ("string_lookup", {"max_tokens": 1e9}),
        ("embedding", {"input_dim": -1, "output_dim": 2}),
        ("embedding", {"input_dim": 2, "output_dim": 2, "embeddings_initializer": "eval"}),
        ("discretization", {"bin_boundaries": [1e400]}),
        ("discretization", {"bin_boundaries": "0"}),
        ("category_encoding", {"num_tokens": 2.5}),
        ("lambda", {"function": "eval"}),
    ],
)
def test_a_configuration_that_is_none_is_refused(name, fields):
    with pytest.raises(FormatError):
        from_config(LAYERS, {"class": name, **fields})


def test_keras_has_the_same_numbers():
    keras = pytest.importorskip("keras")
    x = np.array([[0, 2, 2], [1, 1, 1]])
    for mode in ("multi_hot", "one_hot", "count"):
        theirs = np.asarray(keras.layers.CategoryEncoding(4, mode)(x))
        np.testing.assert_array_equal(L.CategoryEncoding(4, mode)(x).numpy(), theirs)
    numbers = np.array([[-5.0, -1.0, 0.0], [0.5, 1.0, 2.0]], np.float32)
    theirs = np.asarray(keras.layers.Discretization([-1.0, 0.5, 2.0])(numbers))
    np.testing.assert_array_equal(L.Discretization([-1.0, 0.5, 2.0])(numbers).numpy(), theirs)
    texts = np.array([["a", "z"], ["b", "a"]])
    for oov in (0, 1):
        known = texts if oov else np.array([["a", "b"]])
        theirs = np.asarray(keras.layers.StringLookup(num_oov_indices=oov, vocabulary=["b", "a"])(known))
        np.testing.assert_array_equal(L.StringLookup(None, oov, vocabulary=["b", "a"])(known).numpy(), theirs)
