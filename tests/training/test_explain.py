"""Oracle: golden text of a network small enough to be lowered by hand, and the text form's own parser."""

import numpy as np
import pytest
from click.testing import CliRunner

import feedforward as ff
from feedforward.commands.cli import main
from feedforward.compiler.loops import Accumulate, Buffer, For, Kernel, Store, Var, apply, load, number, var
from feedforward.graph.text import from_text, to_text
from feedforward.training.explain import STAGES


def network():
    layers = [ff.layers.Dense(3, activation="tanh", name="hidden"), ff.layers.Dense(2, name="out")]
    return ff.Sequential([ff.Input((4,), name="x"), *layers])


def trained():
    model = network()
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy"])
    return model


def kernels_of(loops):
    """Return the loops without what explains them."""
    return loops.split("\n\nbuffers:")[0]


def test_the_loops_of_two_dense_layers_are_two_products_with_what_follows_them():
    assert kernels_of(network().explain("loops")) == "\n".join(
        [
            "kernel_0 hidden/matmul and hidden:",
            "  hidden/matmul = x @ hidden/kernel",
            "  as each element i0, i1 of it is done:",
            "    hidden/tanh[3*i0 + i1] = tanh(hidden/matmul[3*i0 + i1] + hidden/bias[i1])",
            "",
            "kernel_1 out/matmul and out:",
            "  out/matmul = hidden/tanh @ out/kernel",
            "  as each element i0, i1 of it is done:",
            "    out/add[2*i0 + i1] = out/matmul[2*i0 + i1] + out/bias[i1]",
        ]
    )


STEP = """\
kernel_0 the update:
  iterations.next[0] = iterations[0] + 1

kernel_1 hidden/matmul and the loss and hidden:
  hidden/matmul.9 = x @ hidden/kernel
  as each element i0, i1 of it is done:
    keep hidden/matmul.9
    t1 = hidden/matmul.9[16*i0 + i1] + hidden/bias[i1]
    t2 = 0.0 < t1
    t3 = ((1.0 / 8.0) / 16.0) * (where(t2, t1, 0.2 * t1) - y[16*i0 + i1])
    the loss/multiply[16*i0 + i1] = t3
    t4 = t3 + t3
    hidden/add[16*i0 + i1] = where(t2, t4, 0.0) + (where(t2, 0.0, t4) * 0.2)

kernel_2 the loss/sum:
  for i0 in 0..8:
    total = 0.0
    for i1 in 0..16 lanes:
      t1 = hidden/matmul.9[16*i0 + i1] + hidden/bias[i1]
      t2 = where(0.0 < t1, t1, 0.2 * t1) - y[16*i0 + i1]
      total = total + (t2 * t2)
    total = add over the lanes of total
    the loss/sum.10[i0] = total

kernel_3 the loss/sum:
  total = 0.0
  for i0 in 0..8 lanes:
    total = total + (the loss/sum.10[i0] / 16.0)
  total = add over the lanes of total
  the loss/sum.11[0] = total

kernel_4 hidden/sum:
  for i1 in 0..16 lanes:
    total = 0.0
    for i0 in 0..8:
      total = total + hidden/add[16*i0 + i1]
    hidden/sum[i1] = total

kernel_5 hidden/matmul and the update:
  hidden/matmul.15 = xᵀ @ hidden/add
  as each element i0, i1 of it is done:
    t1 = (momentum/hidden/kernel[16*i0 + i1] * 0.9) - (hidden/matmul.15[16*i0 + i1] * learning_rate[0])
    momentum/hidden/kernel.next[16*i0 + i1] = t1
    hidden/kernel.next[16*i0 + i1] = hidden/kernel[16*i0 + i1] + t1

kernel_6 the update:
  for i0 in 0..16 lanes:
    t1 = (momentum/hidden/bias[i0] * 0.9) - (hidden/sum[i0] * learning_rate[0])
    momentum/hidden/bias.next[i0] = t1
    hidden/bias.next[i0] = hidden/bias[i0] + t1

after the step:
  hidden/kernel := hidden/kernel.next
  momentum/hidden/kernel := momentum/hidden/kernel.next
  hidden/bias := hidden/bias.next
  momentum/hidden/bias := momentum/hidden/bias.next
  iterations := iterations.next
"""


def small_step():
    model = ff.Sequential([ff.Input((20,), name="x"), ff.layers.Dense(16, activation="leaky_relu", name="hidden")])
    model.compile(ff.optimizers.SGD(0.5, momentum=0.9), "mean_squared_error")
    return model


def test_the_loops_of_a_training_step_read_as_one_would_write_them():
    """Shared terms are named, updates are called after their variables, and numbers are as short as they can be."""
    assert kernels_of(small_step().explain("loops", batch_size=8)) + "\n" == STEP


def test_the_kernels_of_a_training_step_read_neither_their_results_nor_panels_that_are_not_there():
    ends = [line[72:] for line in small_step().explain("kernels", batch_size=8).splitlines()[1:-1]]
    assert ends == [
        "iterations.next <- iterations",
        "hidden/matmul.9, the loss/multiply, hidden/add <- x, hidden/kernel, y, hidden/bias",
        "the loss/sum.10 <- y, hidden/bias, hidden/matmul.9",
        "the loss/sum.11 <- the loss/sum.10",
        "hidden/sum <- hidden/add",
        "momentum/hidden/kernel.next, hidden/kernel.next"
        " <- x, hidden/add, learning_rate, momentum/hidden/kernel, hidden/kernel",
        "momentum/hidden/bias.next, hidden/bias.next <- learning_rate, hidden/sum, momentum/hidden/bias, hidden/bias",
    ]


BUFFERS = """\
buffers:
  x : float32[8, 20]  fed
  y : float32[8, 16]  fed
  hidden/kernel : float32[20, 16]  a variable
  momentum/hidden/kernel : float32[20, 16]  a variable
  hidden/bias : float32[16]  a variable
  momentum/hidden/bias : float32[16]  a variable
  iterations : int64[]  a variable
  learning_rate : float32[]  a variable
  iterations.next : int64[]  the variable's next value
"""


def test_the_loops_say_what_each_buffer_is_and_what_the_words_mean():
    text = small_step().explain("loops", batch_size=8)
    described = text[text.index("buffers:") :]
    assert described.startswith(BUFFERS)
    names = {line.split(" : ")[0].strip() for line in described.split("\n\n")[0].splitlines()[1:]}
    assert names >= {"hidden/matmul.9", "the loss/sum.11", "hidden/bias.next", "hidden/kernel.next"}
    assert "  the loss/sum.10 : float32[8]\n" in described
    legend = text[text.index("legend:") :]
    assert all(word in legend for word in ("panels of y", "keep x", "lanes", "t1, t2", "x @ y"))


def test_a_kernel_has_one_name_from_the_table_to_machine_code():
    model = trained()
    names = [line[:52].rstrip() for line in model.explain("kernels").splitlines()[1:-1]]
    assert len({name.split()[0] for name in names}) == len(names)
    loops, llvm = model.explain("loops"), model.explain("llvm")
    for name in names:
        assert f"\n{name}" in f"\n{loops}"
        assert f'@"{name.split()[0]}"' in llvm


def test_the_gradient_of_labels_is_where_the_class_is_the_label():
    text = kernels_of(trained().explain("loops"))
    assert "where(int64(y[i0]) == i1, -(1.0 / 32.0), 0.0)" in text
    assert " += " not in text  # nothing is scattered


def test_a_comparison_is_one_word():
    model = ff.Sequential([ff.Input((4,), name="x"), ff.layers.Dense(3, activation="relu", name="hidden")])
    assert "where(t1 <= 0.0, 0.0, t1)" in model.explain("loops")
    assert "value=array(float32, [], 0.0)" in model.explain("graph")


def test_a_term_is_written_once_where_it_is_shared_and_never_with_a_total():
    i = Var("i", 4)
    x, y = (Buffer(name, 4, np.dtype("float32")) for name in "xy")
    total = apply("accumulator", dtype=x.dtype, data="total")
    shared = apply("exp", apply("add", load(x, var(i)), number(0.2, x.dtype), dtype=x.dtype), dtype=x.dtype)
    growing = apply("exp", apply("multiply", total, shared, dtype=x.dtype), dtype=x.dtype)
    body = (
        Accumulate("total", apply("add", growing, shared, dtype=x.dtype)),
        Accumulate("total", apply("add", growing, load(x, 3 - var(i)), dtype=x.dtype)),
        Store(y, var(i), total),
        Store(x, var(i), load(x, var(i))),
    )
    assert (
        str(Kernel("k", (For(i, body),)))
        == """kernel k:
  for i in 0..4:
    t1 = exp(x[i] + 0.2)
    total = exp(total * t1) + t1
    total = exp(total * t1) + x[-i + 3]
    y[i] = total
    keep x"""
    )


@pytest.mark.parametrize("stage", ["graph", "gradient"])
def test_graph_and_gradient_can_be_read_back(stage):
    text = trained().explain(stage)
    assert to_text(from_text(text)) == text
    assert ("update" in text) == (stage == "gradient")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_of_a_training_step_names_what_it_is_of(stage):
    text = trained().explain(stage, batch_size=8)
    assert {"llvm": "define", "asm": "ret"}.get(stage, "hidden") in text


def test_the_kernels_say_how_much_temporary_memory_they_need():
    assert trained().explain("kernels").splitlines()[-1].startswith("temporary memory: ")


def test_an_unknown_stage_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"explain: stage 'loop' is not known\. Did you mean 'loops'\?"):
        network().explain("loop")


def test_the_command_prints_a_stage_of_a_saved_model(tmp_path):
    ff.set_seed(0)
    path = tmp_path / "model.ff"
    result = CliRunner().invoke(main, ["train", "digits", "--epochs", "1", "--quiet", "--output", str(path)])
    assert result.exit_code == 0, result.output
    shown = CliRunner().invoke(main, ["explain", str(path), "--stage", "gradient"])
    assert shown.exit_code == 0
    assert shown.output.startswith("program {")


def test_a_model_trains_alike_on_both_backends():
    """One epoch of 40 steps; float32 rounds differently in the two, some 1e-6 a step."""
    (x, y), _ = ff.datasets.digits()
    losses = []
    try:
        for backend in ("interpreter", "llvm"):
            ff.use_backend(backend)
            ff.set_seed(1)
            model = ff.Sequential([ff.Input((8, 8)), ff.layers.Flatten(), ff.layers.Dense(10)])
            model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
            losses.append(model.fit(x[:640], y[:640], batch_size=16, verbose=0).history["loss"][0])
    finally:
        ff.use_backend("llvm")
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_an_unknown_backend_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown backend 'numpy'\. Known: interpreter, llvm\."):
        ff.use_backend("numpy")
