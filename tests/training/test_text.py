"""Oracle (e): a model of text gives what the model of the texts' numbers gives, to the bit, also from its file."""

import copy
import pickle
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, FormatError, OutOfRangeError, ShapeError

L = ff.layers
WORDS = np.array(["red", "green", "blue", "red", "black"] * 8)
Y = np.array([0, 1, 2, 0, 3] * 8, np.float32)
NUMBERS = {"red": 1, "blue": 2, "green": 3}  # by hand: black is unknown, 0


def texts(vocabulary=("red", "blue", "green"), shape=()):
    """Return a model of text, and the same model of numbers."""
    models = []
    for first in (L.StringLookup(vocabulary=vocabulary), None):
        ff.set_seed(3)
        x = ff.Input(shape, dtype="string" if first else "int32", name="x")
        y = L.Dense(1)(L.Flatten()(L.Embedding(4, 3)(x if first is None else first(x))))
        model = ff.Model(x, y)
        model.seed = 5
        model.compile(ff.optimizers.Adam(0.05), "mse")
        models.append(model)
    return models


def numbers(words):
    return np.vectorize(lambda word: NUMBERS.get(word, 0))(words)


KINDS = {
    "array of str": lambda: WORDS,
    "list": lambda: WORDS.tolist(),
    "objects": lambda: WORDS.astype(object),
    "list of np.str_": lambda: list(WORDS),
    "column": lambda: WORDS[:, None],
    "strided": lambda: np.repeat(WORDS, 2)[::2],
    "pandas": lambda: pytest.importorskip("pandas").Series(WORDS),
    "pandas strings": lambda: pytest.importorskip("pandas").Series(WORDS, dtype="string"),
    "pandas frame": lambda: pytest.importorskip("pandas").DataFrame({"color": WORDS}),
    "polars": lambda: pytest.importorskip("polars").Series(WORDS.tolist()),
    "arrow": lambda: pytest.importorskip("pyarrow").array(WORDS.tolist()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_trained_measured_and_predicted_as_its_numbers_are(kind):
    words, (model, other) = KINDS[kind](), texts()
    fitted = [
        each.fit(x, Y, epochs=2, batch_size=7, validation_split=0.25, verbose=0).history
        for each, x in ((model, words), (other, numbers(WORDS)))
    ]
    assert fitted[0] == fitted[1]
    assert model.evaluate(words, Y, verbose=0) == other.evaluate(numbers(WORDS), Y, verbose=0)
    np.testing.assert_array_equal(model.predict(words), other.predict(numbers(WORDS)))
    np.testing.assert_array_equal(model.predict_on_batch(words), other.predict_on_batch(numbers(WORDS)))
    np.testing.assert_array_equal(model(words).numpy(), other(numbers(WORDS)).numpy())


def test_a_sequential_that_begins_with_a_lookup_learns_that_it_is_fed_text():
    lookup = L.StringLookup()
    lookup.adapt(WORDS)
    model = ff.Sequential([lookup, L.Embedding(lookup.vocabulary_size(), 2), L.Dense(1)])
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(WORDS, Y, verbose=0).history["loss"]).all()
    assert model.predict(["red", "never seen"]).shape == (2, 1)
    two = ff.Sequential([L.StringLookup(vocabulary=["a"]), L.CategoryEncoding(2)])
    assert two.predict([["a", "b"], ["a", "a"]]).tolist() == [[1, 1], [0, 1]]


def test_batches_of_text_may_be_yielded():
    model, other = texts()
    for each, words in ((model, WORDS), (other, numbers(WORDS))):
        each.fit(lambda words=words: ((words[i : i + 8], Y[i : i + 8]) for i in range(0, 40, 8)), verbose=0)
    np.testing.assert_array_equal(model.predict(WORDS), other.predict(numbers(WORDS)))


def test_a_model_of_text_is_in_its_file_and_in_copies(tmp_path):
    model, other = texts()
    model.fit(WORDS, Y, verbose=0)
    other.fit(numbers(WORDS), Y, verbose=0)
    model.save(tmp_path / "model.ff")
    for again in (ff.load(tmp_path / "model.ff"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(WORDS), model.predict(WORDS))
        assert again.fit(WORDS, Y, verbose=0).history == copy.deepcopy(model).fit(WORDS, Y, verbose=0).history
    adapted = ff.load(tmp_path / "model.ff").layers[0]
    adapted.adapt(["green", "green", "red"])
    assert adapted.vocabulary == ("green", "red")


def test_a_lookup_adapted_again_gives_its_new_numbers_without_new_code():
    model, other = texts()
    model.predict(WORDS)
    compiled = len(model._compiled)
    model.layers[0].adapt(["blue"])
    np.testing.assert_array_equal(model.predict(["blue", "red"]), other.predict(np.array([1, 0])))
    assert len(model._compiled) == compiled


def test_text_goes_beside_numbers_and_through_models_in_models():
    inner, _ = texts()
    x, color = ff.Input((2,), name="size"), ff.Input((), dtype="string", name="color")
    model = ff.Model([x, color], L.Concatenate()(x, inner(color)))
    data = np.ones((5, 2), np.float32)
    expected = np.concatenate([data, inner.predict(WORDS[:5])], 1)
    np.testing.assert_array_equal(model.predict([data, WORDS[:5]]), expected)
    np.testing.assert_array_equal(model.predict({"color": WORDS[:5].tolist(), "size": data}), expected)
    np.testing.assert_array_equal(model([data, WORDS[:5]]).numpy(), expected)
    np.testing.assert_array_equal(copy.deepcopy(model).predict([data, WORDS[:5]]), expected)


def test_a_model_with_a_call_of_its_own_takes_text():
    class Own(ff.Model):
        def __init__(self):
            super().__init__()
            self.lookup, self.dense = L.StringLookup(vocabulary=["red"]), L.Dense(1)
            self.encode = L.CategoryEncoding(2, "one_hot")

        def call(self, x):
            return self.dense(self.encode(self.lookup(x)))

    model = Own()
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(WORDS, Y, verbose=0).history["loss"]).all()
    np.testing.assert_array_equal(model(["red", "blue"]).numpy(), model.predict(["red", "blue"]))


def test_one_lookup_may_serve_two_inputs():
    lookup = L.StringLookup(vocabulary=["a", "b"])
    x, y = ff.Input((), dtype="string"), ff.Input((), dtype="string")
    model = ff.Model([x, y], L.Concatenate()(L.Reshape((1,))(lookup(x)), L.Reshape((1,))(lookup(y))))
    assert model.predict([np.array(["a", "z"]), np.array(["b", "a"])]).tolist() == [[1, 2], [0, 1]]


def fed(x):
    return texts(shape=(2,))[0].predict(x)


def into_two():
    x = ff.Input((), dtype="string", name="t")
    L.StringLookup(vocabulary=["a"], name="one")(x)
    L.StringLookup(vocabulary=["a"], name="two")(x)


def text_model(function):
    x = ff.Input((2,), dtype="string", name="t")
    return ff.Model(x, function(x))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: fed([["a", None]]), DataError, "predict: x: row 0, column 1 is missing (None), and text is expected."),
        (lambda: fed([["a", float("nan")]]), DataError, "row 0, column 1 is missing (nan)"),
        (lambda: fed([["a", 1.5]]), TypeError, "predict: x: row 0, column 1 holds 1.5, of type float, and text is"),
        (lambda: fed(np.ones((2, 2))), TypeError, "predict: x: row 0, column 0 holds 1.0, of type float"),
        (lambda: fed([["a", "b"], ["a"]]), ShapeError, "predict: x: rows differ in length."),
        (lambda: fed(["a", "b"]), ShapeError, "predict: x has shape (2,), the network expects (n, 2)."),
        (lambda: fed("a"), TypeError, "predict: x is 'a', and not a text for each sample. Give a list or an array"),
        (lambda: fed(None), TypeError, "predict: x is None, and not a text for each sample."),
        (lambda: texts()[0](ff.Tensor([1])), TypeError, "x is a tensor of numbers, and text is expected."),
        (into_two, ValueError, "layer 'two': the text input 't' goes into 'one' already, and is fed as the numbers of"),
        (lambda: text_model(lambda x: x), ValueError, "Model: the text input 't' goes into no StringLookup. Call one"),
        (lambda: text_model(lambda x: x + 1), TypeError, "Model: the operation add takes the text input 't'. Put a"),
        (
            lambda: text_model(lambda x: L.Dense(1, name="d")(x)),
            TypeError,
            "layer 'd': got the text input 't', built at test_text.py:",
        ),
        (
            lambda: L.StringLookup(vocabulary=["a"], name="s")(ff.Input((2,))),
            TypeError,
            "layer 's': got a tensor of float32, built at test_text.py:",
        ),
        (
            lambda: ff.Sequential([ff.Input((1,)), L.Dense(1)]).predict(["a"]),
            TypeError,
            "predict: x: row 0 holds 'a', a str. Expected real numbers.",
        ),
    ],
)
def test_what_is_no_text_or_goes_where_numbers_do_is_refused(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_a_text_that_has_no_number_is_named_before_training():
    lookup = L.StringLookup(vocabulary=["red"], num_oov_indices=0, name="s")
    model = ff.Sequential([lookup, L.Embedding(1, 1), L.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(
        OutOfRangeError, match=r"fit: x: layer 's' was given 'green' in row 1; row 2; row 4 \(24 of 40 rows\)"
    ):
        model.fit(WORDS, Y, verbose=0)


def test_a_file_cannot_let_text_go_where_numbers_do():
    config = texts(shape=(2,))[0].network.to_config()
    lookup = next(entry for entry in config["graph"] if entry.get("layer") == 0)
    assert config["graph"][0]["dtype"] == "string"
    for entry in config["graph"]:  # what used the lookup's numbers uses the text itself
        entry["inputs"] = [0 if config["graph"][place] is lookup else place for place in entry.get("inputs", [])] or [0]
    config["graph"][0].pop("inputs")
    with pytest.raises(FormatError, match="got the text input 'x'"):
        ff.training.network.Network.from_config(config)
