"""Oracle (a): whole tables, with numbers of parameters and multiply-adds worked by hand."""

import numpy as np

import feedforward as ff

L = ff.layers


def lines_of(model):
    lines = []
    model.summary(lines.append)
    return "\n".join(lines)


def test_a_chain_is_a_table_with_a_row_for_each_layer():
    # 784 * 1000 + 1000 = 785,000; 1000 * 10 + 10 = 10,010; mean and variance are not trained.
    model = ff.Sequential(
        [
            ff.Input((784,), name="pixels"),
            L.Normalization([0.0] * 784, [1.0] * 784, name="norm"),
            L.Dense(1000, name="hidden"),
            L.Dense(10, name="top", trainable=False),
        ],
        name="digits",
    )
    assert (
        lines_of(model)
        == """\
Model: digits
────────────────────  ────────────  ──────────  ─────────────
Layer (type)          Output shape  Parameters  Multiply-adds
────────────────────  ────────────  ──────────  ─────────────
pixels (Input)        (None, 784)            0              0
norm (Normalization)  (None, 784)        1,568              0
hidden (Dense)        (None, 1000)     785,000        784,000
top (Dense)           (None, 10)        10,010         10,000
────────────────────  ────────────  ──────────  ─────────────
Parameters: 796,578 (785,000 trainable, 11,578 not), 3.19 MB"""
    )


def test_a_shared_layer_has_a_row_for_each_call_and_counts_once():
    a, b = ff.Input((2,), name="a"), ff.Input((None, 2), name="b")
    shared = L.Dense(3, name="shared")
    model = ff.Model([a, b], [shared(a), shared(b) * 2.0])
    assert (
        lines_of(model)
        == """\
Model: model
──────────────  ───────────────  ──────────  ─────────────
Layer (type)    Output shape     Parameters  Multiply-adds
──────────────  ───────────────  ──────────  ─────────────
a (Input)       (None, 2)                 0              0
b (Input)       (None, None, 2)           0              0
shared (Dense)  (None, 3)                 9              6
shared (Dense)  (None, None, 3)           0              ?
──────────────  ───────────────  ──────────  ─────────────
Parameters: 9 (9 trainable, 0 not), 36 bytes"""
    )


def test_a_summary_is_printed_by_default(capsys):
    x = ff.Input((2,), name="x")
    ff.Model(x, x * 2.0, name="double").summary()
    assert (
        capsys.readouterr().out
        == """\
Model: double
────────────  ────────────  ──────────  ─────────────
Layer (type)  Output shape  Parameters  Multiply-adds
────────────  ────────────  ──────────  ─────────────
x (Input)     (None, 2)              0              0
────────────  ────────────  ──────────  ─────────────
Parameters: 0 (0 trainable, 0 not), 0 bytes
"""
    )


def test_a_row_for_a_layer_with_an_unknown_size_says_none():
    x = ff.Input((None, 3), name="x")
    text = lines_of(ff.Model(x, L.Flatten(name="flat")(x)))
    assert "flat (Flatten)  (None, None)" in text


def test_a_model_prints_its_summary_and_shows_its_size():
    model = ff.Sequential([ff.Input((784,), name="x"), L.Dense(10, name="top")], name="digits")
    assert str(model) == lines_of(model)
    assert repr(model) == "<Sequential 'digits': 1 layer, 7,850 parameters>"  # 784 * 10 + 10
    x = ff.Input((2,))
    double = ff.Model(x, x * 2.0, name="double")
    assert f"{[double]} {double!s:.13}" == "[<Model 'double': 0 layers, 0 parameters>] Model: double"


def test_a_model_without_an_input_shape_prints_what_is_known():
    model = ff.Sequential([L.Dense(3), L.Dense(1)], name="new")
    assert str(model) == repr(model) == "<Sequential 'new': 2 layers, input shape not known yet>"
    model(np.zeros((1, 4), np.float32))
    assert repr(model) == "<Sequential 'new': 2 layers, 19 parameters>"  # 4 * 3 + 3 + 3 + 1
    assert repr(ff.Sequential(name="empty")) == "<Sequential 'empty': 0 layers, input shape not known yet>"


def history(losses, **others):
    record = ff.callbacks.History()
    for epoch, loss in enumerate(losses):
        record.on_epoch_end(epoch, {"loss": loss, **others})
    return record


def test_a_history_prints_a_row_for_each_epoch():
    record = history([2.5, 0.0625], val_loss=123456.0)
    assert (
        str(record)
        == """\
epoch    loss   val_loss
    1  2.5000  1.235e+05
    2  0.0625  1.235e+05"""
    )
    assert repr(record) == "<History: 2 epochs, at the end loss 0.0625, val_loss 1.235e+05>"


def test_a_long_history_prints_its_first_and_last_epochs():
    epochs = [line.split()[0] for line in str(history([1.0] * 100)).splitlines()]
    assert epochs == ["epoch", *map(str, range(1, 11)), "…", *map(str, range(91, 101))]
    assert len(str(history([1.0] * 20)).splitlines()) == 21


def test_an_empty_history_and_one_with_gaps_print_what_there_is():
    assert (str(history([])), repr(history([]))) == ("epoch", "<History: 0 epochs>")
    record = history([1.0, 2.0])
    record.history["late"] = [3.0]
    assert str(record).splitlines()[1:] == ["    1  1.0000  3.0000", "    2  2.0000        "]


def test_sums_of_products_count_as_products_do():
    # A window of 3 * 3 at 6 * 6 places of 4 channels: 1,296. A product of two vectors of 5.
    model = ff.Sequential([ff.Input((8, 8, 4)), L.DepthwiseConv2D(3, name="own")])
    assert "own (DepthwiseConv2D)  (None, 6, 6, 4)          40          1,296" in lines_of(model)
    a, b = ff.Input((5,), name="a"), ff.Input((5,), name="b")
    assert lines_of(ff.Model([a, b], L.Dot(name="dot")([a, b]))).splitlines()[-3].split()[-1] == "5"
