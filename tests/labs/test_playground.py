"""Oracle: the package's API in a plain loop, one batch at a time; predictions at the points of the maps; identities."""

import numpy as np
import pytest

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.packing import pack
from feedforward.labs.playground.data import KINDS, order_of
from feedforward.labs.playground.lab import Playground
from feedforward.labs.playground.optimizing import OPTIMIZERS, SCHEDULES, optimizer_of
from feedforward.labs.playground.search import PENALTIES, RATES
from feedforward.labs.playground.settings import SPEEDS, Settings

SMALL = {"points": 60, "layers": (3,), "activations": ("tanh",)}


@pytest.fixture
def interpreted():
    """Where numbers are not compared with others', nothing is compiled for them."""
    ff.use_backend("interpreter")
    yield
    ff.use_backend("llvm")


def small(**changes):
    return Playground(Settings(**(SMALL | changes)))


def opened_again(lab):
    return Playground(lab.settings, lab.saved())


def numbers(value):
    """All numbers of a frame."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in numbers(part)]
    if isinstance(value, list | tuple):
        return [one for part in value for one in numbers(part)]
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    return [value] if isinstance(value, int | float) else []


def checked(lab):
    """A frame that can be sent, all of whose numbers are finite."""
    frame = lab.frame()
    pack(frame)
    assert np.isfinite(numbers({name: part for name, part in frame.items() if name != "search"})).all()
    return frame


def bits(lab):
    """What a run has come to."""
    run = lab.run
    weights = [one.tobytes() for one in run.network.model.get_weights()]
    return run.position, weights, [*run.curve], run.measured.train, run.measured.test


# ---- the numbers are the package's


@pytest.mark.parametrize(
    ("settings", "output", "loss"),
    [
        ({}, "tanh", "mean_squared_error"),
        ({"loss": "cross_entropy", "optimizer": "adam", "batch_size": 7}, "sigmoid", "binary_crossentropy"),
        ({"data": "three", "penalty": "l2", "penalty_rate": 0.01}, "softmax", "sparse_categorical_crossentropy"),
        ({"data": "plane", "penalty": "l1", "activations": ("relu",)}, "linear", "mean_squared_error"),
    ],
    ids=["squared", "cross-entropy", "classes", "regression"],
)
def test_losses_are_those_of_a_plain_loop(settings, output, loss):
    lab = small(**settings)
    run = lab.run
    chosen, train = run.settings, run.data.train
    penalty = {"l1": ff.regularizers.L1, "l2": ff.regularizers.L2}.get(chosen.penalty)
    regularizer = penalty and penalty(chosen.penalty_rate)
    model = ff.Sequential(
        [
            ff.Input((2,), dtype="float64"),
            ff.layers.Dense(3, activation=chosen.activations[0], kernel_regularizer=regularizer),
            ff.layers.Dense(3 if output == "softmax" else 1, activation=output, kernel_regularizer=regularizer),
        ]
    )
    kind = {"sgd": ff.optimizers.SGD, "adam": ff.optimizers.Adam}[chosen.optimizer]
    model.compile(kind(chosen.learning_rate), loss)
    model.set_weights(run.network.model.get_weights())
    values = run.data.values
    targets = values.astype(int) if output == "softmax" else (2 * values - 1 if output == "tanh" else values)[:, None]
    points = run.data.points

    def measured():
        losses = [model.evaluate(points[rows], targets[rows], verbose=0) for rows in (train, run.data.test)]
        return [each - lab.frame()["loss"]["penalty"] for each in losses]

    assert lab.frame()["loss"]["train"] == pytest.approx(measured()[0], abs=1e-9)
    for step in range(20):
        lab.step("batch")
        epoch, batch = divmod(step, run.batches_an_epoch)
        rows = train[order_of(0, epoch, len(train))[batch * chosen.batch_size :][: chosen.batch_size]]
        model.train_on_batch(points[rows], targets[rows])
    frame = checked(lab)
    assert [frame["loss"]["train"], frame["loss"]["test"]] == pytest.approx(measured(), abs=1e-9)
    assert frame["step"] == 20
    for mine, other in zip(frame["weights"], model.get_weights()[::2], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def trained():
    """A trained run of the first page's settings."""
    lab = Playground(Settings())
    lab.run.go(10, 250)
    return lab


def test_maps_are_predictions_at_the_centres_of_their_cells_with_y_up(trained):
    frame, model = trained.frame(), trained.run.network.model
    for cells, shown in ((60, frame["output"][0]), (20, frame["maps"][-1])):
        for row in (0, cells // 3, cells - 1):
            for column in (0, cells // 2, cells - 1):
                point = [-6 + 12 * (column + 0.5) / cells, 6 - 12 * (row + 0.5) / cells]
                value = model.predict(np.array([point]), verbose=0)[0, 0]
                assert shown[row, column] == pytest.approx(value, abs=1e-6)  # float32 on the way to the page


def test_each_neuron_has_a_map_of_what_it_says(trained):
    frame = trained.frame()
    assert frame["sizes"] == [2, 4, 2, 1] and frame["maps"].shape == (9, 20, 20)
    line = -6 + 12 * (np.arange(20) + 0.5) / 20
    np.testing.assert_allclose(frame["maps"][0], np.tile(line, (20, 1)), rtol=1e-6)
    np.testing.assert_allclose(frame["maps"][1], np.tile(line[::-1, None], (1, 20)), rtol=1e-6)
    said = np.moveaxis(frame["maps"][:2].astype(float), 0, -1)
    for first, kernel, bias in zip((2, 6, 8), frame["weights"], frame["biases"], strict=True):
        said = np.tanh(said @ kernel + bias)
        np.testing.assert_allclose(np.moveaxis(said, -1, 0), frame["maps"][first : first + len(bias)], atol=1e-5)


def test_a_unit_can_be_looked_at_closely(trained):
    trained.focus(1, 3)
    shown = trained.frame()["focus"]
    assert (shown["layer"], shown["unit"], shown["map"].shape) == (1, 3, (60, 60))
    kernel, bias = trained.run.network.weights[0][:, 3], trained.run.network.biases[0][3]
    np.testing.assert_allclose(shown["map"][0, 0], np.tanh([-5.9, 5.9] @ kernel + bias), rtol=1e-6)
    trained.focus(0, 1)
    assert trained.frame()["focus"]["map"][0, 0] == pytest.approx(5.9)
    trained.unfocus()
    assert trained.frame()["focus"] is None
    with pytest.raises(LabError, match="no_unit"):
        trained.focus(2, 2)


def test_gradients_are_central_differences_of_the_training_loss():
    lab = small()
    gradient = lab.frame()["gradients"][0][1, 2]
    weight, step = lab.run.network.weights[0][1, 2], 1e-5

    def loss(value):
        lab.set_weight(0, 1, 2, value)
        return lab.frame()["loss"]["train"]

    # The error is some step^2 of the third derivative and eps / step of roundings.
    assert gradient == pytest.approx((loss(weight + step) - loss(weight - step)) / (2 * step), abs=1e-8)


@pytest.mark.usefixtures("interpreted")
def test_accuracy_and_confusion_count_the_right_answers():
    lab = small(data="three")
    lab.step("epoch")
    frame, run = lab.frame(), lab.run
    answers = run.network.model.predict(run.inputs, verbose=0).argmax(1)
    counted = np.zeros((3, 3), int)
    for row in run.data.test:
        counted[int(run.data.values[row]), answers[row]] += 1
    np.testing.assert_array_equal(frame["confusion"], counted)
    assert frame["accuracy"]["test"] == counted.trace() / counted.sum()
    np.testing.assert_allclose(frame["output"].sum(0), np.ones((60, 60)), rtol=1e-6)


# ---- what may be done


def test_reset_repeats_the_run_to_the_bit_however_it_is_cut():
    lab = small(data="spiral", batch_size=8)
    first = bits(lab)
    lab.run.go(8, 400)
    once, curve = bits(lab), lab.frame()["curves"]
    lab.reset()
    assert bits(lab) == first
    for _ in range(10):
        lab.step("batch")
    lab.run.go(8, 90)
    lab.run.go(8, 300)
    assert bits(lab) == once
    for name, again in lab.frame()["curves"].items():
        assert again.tolist() == curve[name].tolist()
    assert curve["step"][-1] == 400 and curve["epoch"][-1] == 100  # 30 points, so 4 batches an epoch


def test_time_does_not_change_what_a_run_comes_to():
    lab = small()
    lab.play()
    while lab.run.position.epoch < 30:
        lab.advance(0.002)
    done = lab.run.position
    other = small()
    other.run.go(10, done.step)
    assert bits(other) == bits(lab)


@pytest.mark.usefixtures("interpreted")
def test_steps_are_one_point_one_batch_and_the_rest_of_an_epoch():
    lab = small()
    for of, samples, step in (("sample", 1, 1), ("batch", 11, 2), ("sample", 12, 3), ("epoch", 0, 5)):
        lab.step(of)
        frame = lab.frame()
        assert (frame["samples"], frame["step"], frame["epoch"]) == (samples, step, int(of == "epoch"))


@pytest.mark.usefixtures("interpreted")
def test_a_batch_size_above_the_training_points_means_all_of_them():
    lab = small(batch_size=2000)
    lab.step("batch")
    assert lab.run.position.epoch == 1


@pytest.mark.usefixtures("interpreted")
def test_an_edited_output_bias_changes_value_map_and_loss():
    lab = small()
    before = lab.frame()
    lab.set_bias(1, 0, 0.75)
    after = lab.frame()
    assert after["biases"][1][0] == 0.75
    kernel = np.arctanh(before["output"].astype(float)) + 0.75  # the bias was 0
    np.testing.assert_allclose(after["output"], np.tanh(kernel), atol=1e-5)
    assert after["loss"]["train"] != before["loss"]["train"]
    with pytest.raises(LabError, match="no_weight"):
        lab.set_bias(1, 1, 0.0)
    with pytest.raises(LabError, match="no_weight"):
        lab.set_weight(0, 2, 0, 0.0)


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_a_frozen_weight_stays_and_the_others_move(optimizer):
    lab = small(optimizer=optimizer, penalty="l2")
    lab.step("epoch")
    lab.freeze(0, 1, 2, True)
    lab.freeze_bias(1, 0, True)
    frame = lab.frame()
    assert frame["frozen"][0][1, 2] == 1 == frame["frozen_biases"][1][0] == sum(map(np.sum, frame["frozen"]))
    lab.step("epoch")
    after = lab.frame()
    assert (after["weights"][0] == frame["weights"][0]).tolist() == [[False] * 3, [False, False, True]]
    assert after["biases"][1] == frame["biases"][1]
    lab.set_weight(0, 1, 2, 0.5)
    lab.step("epoch")
    assert lab.frame()["weights"][0][1, 2] == 0.5
    lab.freeze(0, 1, 2, False)
    lab.step("epoch")
    assert lab.frame()["weights"][0][1, 2] != 0.5


@pytest.mark.usefixtures("interpreted")
def test_settings_of_training_keep_epoch_and_weights():
    lab = small()
    lab.step("epoch")
    lab.step("sample")
    kept = lab.run.position, lab.frame()["weights"]
    changes = {
        "learning_rate": 0.5,
        "penalty": "l2",
        "penalty_rate": 0.2,
        "optimizer": "adam",
        "schedule": "cosine",
        "schedule_epochs": 7,
        "batch_size": 3,
        "dropout": 0.5,
        "loss": "cross_entropy",
        "show_test": True,
        "discretised": True,
        "speed": "slow",
    }
    for name, value in changes.items():
        lab.set(name, value)
        frame = lab.frame()
        assert lab.run.position == kept[0], name
        for before, after in zip(kept[1], frame["weights"], strict=True):
            assert before.tolist() == after.tolist(), name
    assert lab.frame()["loss"]["penalty"] == pytest.approx(0.2 * sum(np.square(one).sum() for one in kept[1]))


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data", "xor"),
        ("points", 40),
        ("noise", 5),
        ("train_share", 20),
        ("features", ["x2"]),
        ("formula", "x1*x2"),
        ("layers", [2]),
        ("activations", ["relu"]),
        ("batch_norm", True),
        ("seed", 1),
    ],
)
def test_settings_of_data_and_network_begin_anew(name, value):
    lab = small()
    lab.run.go(10, 4)
    lab.set(name, value)
    assert lab.run.position.step == 0


@pytest.mark.usefixtures("interpreted")
def test_a_new_layer_has_the_activation_of_the_one_before_it():
    lab = small()
    lab.set("activations", ["relu"])
    lab.set("layers", [5, 4, 3])
    assert lab.settings.activations == ("relu",) * 3
    lab.set("layers", [])
    assert lab.settings.activations == () and checked(lab)["sizes"] == [2, 1]


@pytest.mark.usefixtures("interpreted")
def test_an_optimizer_keeps_its_moments_when_only_its_rate_becomes_a_schedule():
    lab = small(optimizer="adam")
    lab.step("epoch")
    before = [one.numpy().tolist() for one in lab.run.network.optimizer.variables if one.name != "learning_rate"]
    lab.set("schedule", "exponential")
    after = [one.numpy().tolist() for one in lab.run.network.optimizer.variables]
    assert before == after and before[0] == 3


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("features", [], "no_features"),
        ("features", ["x9"], "no_choice"),
        ("activations", ["tanh", "tanh"], "wrong_activations"),
        ("formula", "1/x1)", "formula_rest"),
        ("formula", "log(x1)", "formula_value"),
        ("layers", [65], "out_of_range"),
        ("learning_rate", 11, "out_of_range"),
    ],
)
def test_what_cannot_be_set_leaves_the_run_as_it_is(name, value, key):
    lab = small()
    run, settings = lab.run, lab.settings
    with pytest.raises(LabError) as caught:
        lab.set(name, value)
    assert caught.value.key == key
    assert lab.run is run and lab.settings is settings


@pytest.mark.usefixtures("interpreted")
def test_own_points_begin_as_those_that_are_seen_and_can_be_drawn():
    lab = small(data="xor")
    seen = lab.run.data.points
    lab.set("data", "own")
    np.testing.assert_array_equal(lab.run.data.points, seen)
    lab.act("set_points", {"points": [[-1, 0.5, 0], [2, 2, 2], [0, 0, 1], [1, 1, 2]]})
    frame = checked(lab)
    assert (frame["task"], frame["classes"], frame["sizes"][-1]) == ("classes", 3, 3)
    assert frame["data"]["points"].tolist() == [[-1, 0.5], [2, 2], [0, 0], [1, 1]]
    lab.step("epoch")
    with pytest.raises(LabError, match="few_points"):
        lab.act("set_points", {"points": [[0, 0, 0]]})
    other = small(data="plane")
    other.set("data", "own")
    assert other.run.data.task == "binary"


@pytest.mark.usefixtures("interpreted")
def test_a_table_of_three_classes_trains_with_probabilities_that_sum_to_1():
    lab = small()
    rows = [(0.1 * k, 3 - 0.2 * k * (-1) ** k, "abc"[k % 3]) for k in range(30)]
    lab.act("read_table", {"text": "a,b,c\n" + "\n".join(f"{x},{y},{kind}" for x, y, kind in rows)})
    lab.step("epoch")
    frame = checked(lab)
    assert frame["class_names"] == ["a", "b", "c"] and frame["axes"]["x1"][0] == "a"
    np.testing.assert_allclose(lab.run.network.model.predict(lab.run.inputs, verbose=0).sum(1), 1, rtol=1e-12)
    with pytest.raises(LabError, match="line 2, column 2"):
        lab.act("read_table", {"text": "1,2,a\n1,-,b"})
    assert lab.run.data.names == ("a", "b", "c")


# ---- divergence


def test_a_rate_of_10_diverges_and_the_last_good_state_is_kept():
    lab = small(data="plane", activations=("relu",), batch_size=5)
    lab.step("epoch")
    lab.set("learning_rate", 10.0)
    stepped = opened_again(lab)
    lab.play()
    while lab.is_playing:
        lab.advance(0.01)
        frame = checked(lab)
    assert frame["diverged"]["step"] == frame["step"] + 1 > 6
    while stepped.run.diverged is None:
        stepped.step("batch")
        checked(stepped)
    assert bits(stepped) == bits(lab)
    assert stepped.run.diverged == lab.run.diverged
    lab.set("learning_rate", 0.0001)
    lab.step("batch")
    assert checked(lab)["diverged"] is None and lab.frame()["step"] == frame["step"] + 1


@pytest.mark.usefixtures("interpreted")
def test_a_run_that_diverges_in_its_first_batch_stays_at_its_first_weights():
    lab = small(data="multigauss", formula="1000*x1", activations=("linear",), learning_rate=10.0, optimizer="momentum")
    first = lab.frame()["weights"]
    lab.run.go(10, 50)
    frame = checked(lab)
    assert frame["step"] == 0 and frame["diverged"]["step"] == 1
    assert all(np.array_equal(a, b) for a, b in zip(first, frame["weights"], strict=True))


# ---- every choice


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("data", KINDS)
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_every_data_set_makes_a_frame(data, loss):
    lab = small(layers=(), activations=(), loss=loss)
    lab.set("data", data)
    lab.step("sample")
    frame = checked(lab)
    assert (frame["accuracy"] is None) == (frame["task"] == "regression") == (data in ("plane", "multigauss"))


@pytest.mark.usefixtures("interpreted")
def test_every_optimizer_and_every_schedule_makes_a_step():
    lab = small(layers=(), activations=())
    for optimizer in OPTIMIZERS:
        lab.set("optimizer", optimizer)
        lab.step("batch")
        assert checked(lab)["diverged"] is None, optimizer
    lab.set("optimizer", "sgd")
    for schedule in SCHEDULES:
        lab.set("schedule", schedule)
        lab.step("batch")
        assert checked(lab)["diverged"] is None, schedule
        rate = lab.run.network.optimizer.learning_rate
        assert 0 <= float(rate if schedule == "constant" else rate(lab.run.position.step)) <= 0.03


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_every_schedule_can_be_as_short_as_an_epoch_of_few_batches(steps):
    for schedule in SCHEDULES:
        rate = optimizer_of("sgd", schedule, 0.1, steps).make().learning_rate
        assert schedule == "constant" or 0 <= float(rate(steps)) <= 0.1


def test_every_speed_but_the_full_one_is_kept():
    lab = small()
    lab.play()
    for speed, most in SPEEDS.items():
        lab.set("speed", speed)
        before = lab.run.position.epoch
        for _ in range(4):
            lab.advance(0.02)
        assert lab.run.position.epoch - before <= most * 0.5  # seconds, more than 80 ms: others use the machine, too


# ---- sixty-four networks


def test_a_search_trains_each_network_as_it_would_be_alone():
    lab = small(layers=(2,))
    lab.search()
    lab.is_playing = True
    while lab.frame()["search"]["epoch"] < 3:
        assert lab.is_playing
        lab.advance(0.02)
    lab.pause()
    while lab.frame()["search"]["is_running"]:
        lab.advance(0.02)
    found = lab.frame()["search"]
    assert (found["rates"], found["penalties"], found["penalty"]) == (list(RATES), list(PENALTIES), "l2")
    assert lab.run.position.step == 0
    for rate, penalty in ((3, 0), (4, 5)):
        alone = small(layers=(2,), learning_rate=RATES[rate], penalty="l2", penalty_rate=PENALTIES[penalty])
        alone.run.go(10, 3 * found["epoch"])
        assert found["loss"][penalty][rate] == pytest.approx(alone.run.measured.test, abs=1e-12)


def test_a_search_does_without_dropout():
    with pytest.raises(LabError, match="search_dropout"):
        small(dropout=0.5).search()
