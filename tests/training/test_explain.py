"""Oracle: golden text of a network small enough to be lowered by hand, and the text form's own parser."""

import pytest
from click.testing import CliRunner

import feedforward as ff
from feedforward.cli import main
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


def test_the_loops_of_two_dense_layers_are_two_products_with_what_follows_them():
    assert network().explain("loops") == "\n".join(
        [
            "kernel hidden/matmul_hidden:",
            "  hidden/matmul.5 = x.0 @ hidden/kernel.1",
            "  as each element i0, i1 of it is done:",
            "    hidden/tanh.6[3*i0 + i1] = tanh((hidden/matmul.5[3*i0 + i1] + hidden/bias.2[i1]))",
            "",
            "kernel out/matmul_out:",
            "  out/matmul.7 = hidden/tanh.6 @ out/kernel.3",
            "  as each element i0, i1 of it is done:",
            "    out/add.8[2*i0 + i1] = (out/matmul.7[2*i0 + i1] + out/bias.4[i1])",
        ]
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
