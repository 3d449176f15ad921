"""Oracle (a): whole tables, with numbers of parameters worked by hand."""

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
────────────────────  ────────────  ──────────
Layer (type)          Output shape  Parameters
────────────────────  ────────────  ──────────
pixels (Input)        (None, 784)            0
norm (Normalization)  (None, 784)        1,568
hidden (Dense)        (None, 1000)     785,000
top (Dense)           (None, 10)        10,010
────────────────────  ────────────  ──────────
Parameters: 796,578 (785,000 trainable, 11,578 not)"""
    )


def test_a_shared_layer_has_a_row_for_each_call_and_counts_once():
    a, b = ff.Input((2,), name="a"), ff.Input((None, 2), name="b")
    shared = L.Dense(3, name="shared")
    model = ff.Model([a, b], [shared(a), shared(b) * 2.0])
    assert (
        lines_of(model)
        == """\
Model: model
──────────────  ───────────────  ──────────
Layer (type)    Output shape     Parameters
──────────────  ───────────────  ──────────
a (Input)       (None, 2)                 0
b (Input)       (None, None, 2)           0
shared (Dense)  (None, 3)                 9
shared (Dense)  (None, None, 3)           0
──────────────  ───────────────  ──────────
Parameters: 9 (9 trainable, 0 not)"""
    )


def test_a_summary_is_printed_by_default(capsys):
    x = ff.Input((2,), name="x")
    ff.Model(x, x * 2.0, name="double").summary()
    assert (
        capsys.readouterr().out
        == """\
Model: double
────────────  ────────────  ──────────
Layer (type)  Output shape  Parameters
────────────  ────────────  ──────────
x (Input)     (None, 2)              0
────────────  ────────────  ──────────
Parameters: 0 (0 trainable, 0 not)
"""
    )


def test_a_row_for_a_layer_with_an_unknown_size_says_none():
    x = ff.Input((None, 3), name="x")
    text = lines_of(ff.Model(x, L.Flatten(name="flat")(x)))
    assert "flat (Flatten)  (None, None)" in text
