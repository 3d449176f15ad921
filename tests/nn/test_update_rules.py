"""Oracles: formulas in float64 (``update_rule_reference.py``), PyTorch's LSTMCell, kinks by hand; files by identity.

Files of an attacker's are good ones whose description or weights were changed before their digest was computed.
"""

import copy
import json
import math
import pickle
import random

import numpy as np
import pytest

import feedforward as ff
import hostile_files
import update_rule_reference as reference
from feedforward import learned
from feedforward.errors import DataError, DtypeError, FormatError, ShapeError
from feedforward.learned import CoordinatewiseLSTM, RNNprop, load_rule, save_rule, shipped_rules
from feedforward.nn.config import from_config, to_config
from feedforward.nn.update_rules import UPDATE_RULES, UpdateRule, files
from feedforward.tensor import Tensor, evaluate

RULES = [
    CoordinatewiseLSTM(units=5, layers=1),
    CoordinatewiseLSTM(units=3, layers=3, scale=0.01, span=5.0),
    CoordinatewiseLSTM(units=4, layers=2, scale=2.0, span=None),
    RNNprop(units=5, layers=1),
    RNNprop(units=3, layers=3, scale=0.7, decay=0.5),
    RNNprop(units=1, layers=1, decay=0.0),
]
GRADIENTS = np.random.default_rng(5).normal(0, 1, (7, 2, 3)) * 10.0 ** np.random.default_rng(6).integers(-6, 3, (2, 3))


def drawn(rule, seed=0):
    """Return weights for a rule, of which none is 0."""
    draw = np.random.default_rng(seed)
    return {name: draw.normal(0, 0.6, shape).astype("f4") for name, shape in rule.shapes().items()}


def changes(rule, weights, gradients, dtype="float64"):
    """Return the change of each step, shape (steps, *shape), and the state after the last."""
    weights = {name: Tensor(value.astype(dtype)) for name, value in weights.items()}
    w = np.zeros(gradients[0].shape, dtype)
    state = {name: Tensor(np.asarray(value, dtype)) for name, value in rule.state(w.shape).items()}
    found = []
    for gradient in gradients:
        change, new = rule.change(Tensor(w), Tensor(gradient.astype(dtype)), state, weights)
        value, *kept = evaluate([change, *new.values()])  # at once, so that each step is the same program
        found.append(value)
        state = dict(zip(new, map(Tensor, kept), strict=True))
    return np.array(found), {name: value.numpy() for name, value in state.items()}


# formulas


ELSEWHERE = {learned.PerceptronRule}
"""Rules whose oracles are in ``test_perceptron_rule.py``."""


def test_every_rule_has_an_oracle():
    missing = [name for name in UPDATE_RULES if UPDATE_RULES[name] not in {*map(type, RULES)} | ELSEWHERE]
    assert not missing, [f"no oracle for update rule {name}" for name in missing]


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_changes_and_memory_are_those_of_the_formula(rule, backend, request):
    request.addfinalizer(lambda: ff.use_backend("llvm"))
    ff.use_backend(backend)
    weights = drawn(rule)
    each, change = reference.coordinates(rule, weights, 6)
    expected = [[change(one, g) for one, g in zip(each, step.reshape(-1), strict=True)] for step in GRADIENTS]
    got, state = changes(rule, weights, GRADIENTS)
    # Some hundred roundings a step, of sums of at most eight terms of the size of 1.
    np.testing.assert_allclose(got.reshape(7, 6), expected, rtol=0, atol=2000 * 2**-53 * rule.scale)
    for layer in range(rule.layers):
        for name, values in {"hidden": [one.h for one in each], "cell": [one.c for one in each]}.items():
            np.testing.assert_allclose(
                state[f"{name}_{layer + 1}"].T, [value[layer] for value in values], rtol=0, atol=2000 * 2**-53
            )
    single, _ = changes(rule, weights, GRADIENTS, "float32")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.reshape(7, 6), expected, rtol=0, atol=2000 * 2**-24 * rule.scale)


def test_a_layer_is_that_of_torch():
    torch = pytest.importorskip("torch")
    rule = CoordinatewiseLSTM(units=4, layers=2, span=None, scale=1.0)
    weights = drawn(rule)
    cells = []
    for layer, inputs in ((1, 1), (2, 4)):
        cell = torch.nn.LSTMCell(inputs, 4, dtype=torch.float64)
        kernel = torch.tensor(weights[f"kernel_{layer}"], dtype=torch.float64)
        bias = torch.tensor(weights[f"bias_{layer}"], dtype=torch.float64).clone()
        bias[4:8] += 1.0  # the forget gate's, which ours adds itself
        with torch.no_grad():
            cell.weight_ih.copy_(kernel[:, :inputs])
            cell.weight_hh.copy_(kernel[:, inputs:])
            cell.bias_ih.copy_(bias)
            cell.bias_hh.zero_()
        cells.append(cell)
    states, expected = [None, None], []
    for gradient in GRADIENTS:
        x = torch.tensor(gradient.reshape(-1, 1))
        for place, cell in enumerate(cells):
            states[place] = cell(x, states[place])
            x = states[place][0]
        output = x @ torch.tensor(weights["output"][0], dtype=torch.float64) + float(weights["output_bias"][0])
        expected.append(output.detach().numpy().reshape(2, 3))
    np.testing.assert_allclose(changes(rule, weights, GRADIENTS)[0], expected, rtol=0, atol=2000 * 2**-53)


def test_a_gradient_is_seen_as_its_logarithm_and_sign_or_close_to_zero_as_itself():
    # On both sides of the kink at exp(-5), where both forms are (-1, +-1), and at 0, where they are (-1, 0).
    rule = CoordinatewiseLSTM(units=3, layers=1, span=5.0)
    weights = drawn(rule)
    edge = math.exp(-5)
    points = [0.0, -0.0, edge, -edge, edge * 0.999, -edge * 1.001, 1.0, -1.0, 1e30, 1e-30, -1e-300]
    assert reference.preprocessed(edge, 5.0).tolist() == [-1.0, 1.0]
    assert reference.preprocessed(-edge * (1 - 1e-15), 5.0) == pytest.approx([-1.0, -1.0])
    assert reference.preprocessed(0.0, 5.0).tolist() == [-1.0, 0.0]
    expected = [reference.Coordinate(rule, weights).lstm(g) for g in points]
    got = changes(rule, weights, np.array(points)[None])[0][0]
    np.testing.assert_allclose(got, expected, rtol=0, atol=200 * 2**-53)


def test_a_step_of_rnnprop_is_never_longer_than_its_scale_and_knows_no_scale_of_gradients():
    rule = RNNprop(units=4, layers=2, scale=0.25)
    weights = drawn(rule) | {"output": np.full((1, 4), 100, np.float32)}
    steps, _ = changes(rule, weights, GRADIENTS * 1e6)
    assert np.abs(steps).max() <= 0.25
    # Of 1e-8 beside a root of 1e6 and 1e9 nothing is left in float64.
    np.testing.assert_allclose(steps, changes(rule, weights, GRADIENTS * 1e9)[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_gradient_that_is_no_number_spoils_its_own_coordinate_alone(rule):
    weights, bad = drawn(rule), GRADIENTS.copy()
    bad[2, 0, 1] = np.nan
    got, expected = (changes(rule, weights, gradients)[0] for gradients in (bad, GRADIENTS))
    assert np.isnan(got[2:, 0, 1]).all()
    is_other = np.ones((2, 3), bool)
    is_other[0, 1] = False
    np.testing.assert_array_equal(got[:, is_other], expected[:, is_other])


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (1, 2, 1, 3)])
def test_a_parameter_may_have_any_shape(rule, shape):
    weights = drawn(rule)
    gradients = np.random.default_rng(0).normal(0, 1, (3, *shape))
    got, state = changes(rule, weights, gradients)
    assert got.shape == (3, *shape)
    each, change = reference.coordinates(rule, weights, math.prod(shape))
    expected = [[change(one, g) for one, g in zip(each, step.reshape(-1), strict=True)] for step in gradients]
    np.testing.assert_allclose(got.reshape(3, -1), expected, rtol=0, atol=1000 * 2**-53 * rule.scale)
    assert {name: value.shape for name, value in state.items()} == {
        name: np.shape(value) for name, value in rule.state(shape).items()
    }


# weights


def test_first_weights_are_normal_numbers_cut_off_at_two_deviations_and_biases_zeros():
    ff.set_seed(3)
    rule = CoordinatewiseLSTM(units=100, layers=2)
    kernel = rule.weights["kernel_2"].numpy()
    assert kernel.shape == (400, 200)
    assert kernel.dtype == np.float32
    # Cut off at two of its deviations a normal distribution has 0.8796 of it; 80,000 numbers tell it to within 1 %.
    assert kernel.std() == pytest.approx(0.8796 / math.sqrt(200), rel=0.01)
    assert np.abs(kernel).max() <= 2 / math.sqrt(200)
    assert not any(weight.numpy().any() for name, weight in rule.weights.items() if "bias" in name)
    assert not any(weight.trainable for weight in rule.weights.values())


def test_weights_come_from_the_seed():
    made = []
    for seed in (1, 1, 2):
        ff.set_seed(seed)
        made.append({name: weight.numpy() for name, weight in RNNprop(units=3).weights.items()})
    assert all((made[0][name] == made[1][name]).all() for name in made[0])
    assert (made[0]["kernel_1"] != made[2]["kernel_1"]).any()


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, lambda rule: pickle.loads(pickle.dumps(rule))])
@pytest.mark.parametrize("is_drawn", [False, True])
def test_a_copy_has_the_weights_also_where_nobody_had_asked_for_them(of, is_drawn):
    rule = RNNprop(units=3, scale=0.3)
    if is_drawn:
        rule.set_weights(drawn(rule))
    other = of(rule)
    assert repr(other) == repr(rule)
    for name, weight in rule.weights.items():
        np.testing.assert_array_equal(other.weights[name].numpy(), weight.numpy())


def test_a_deep_copy_shares_no_weights():
    rule = RNNprop(units=3)
    other = copy.deepcopy(rule)
    other.set_weights(drawn(rule))
    assert (rule.weights["kernel_1"].numpy() != other.weights["kernel_1"].numpy()).any()


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        (None, TypeError, r"^RNNprop\.set_weights: got a NoneType\. Give a dict of arrays by the names of weights\.$"),
        ({}, ShapeError, r"^RNNprop\.set_weights: got nothing\. Expected features \(2, 2\), .*Give one array for each"),
        ({"bias_1": np.zeros(9)}, ShapeError, r"^RNNprop\.set_weights: got .*bias_1 \(9,\)"),
        ({"more": 1.0}, ShapeError, r"more \(\)"),
        ({"bias_1": np.full(8, np.nan)}, DataError, r"'bias_1' must hold finite numbers, in float32, too\. Got nan"),
        ({"bias_1": np.full(8, 1e39)}, DataError, r"must hold finite numbers, in float32, too\. Got 1e\+39"),
        ({"bias_1": ["x"] * 8}, TypeError, r"^RNNprop\.set_weights: 'bias_1': place 0 holds 'x'|row 0"),
        ({"bias_1": None}, TypeError, r"'bias_1' is a NoneType\. Give an array of numbers"),
        ({"bias_1": np.ones(8) * 1j}, DtypeError, r"'bias_1' has dtype complex128"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_leave_the_rule_as_it_was(values, error, match):
    rule = RNNprop(units=2, layers=1)
    before = {name: weight.numpy().copy() for name, weight in rule.weights.items()}
    with pytest.raises(error, match=match):
        rule.set_weights(values if not values else drawn(rule) | values)
    for name, weight in rule.weights.items():
        np.testing.assert_array_equal(weight.numpy(), before[name])


# settings

BAD = [
    ({"units": 0}, r"\(units=0\): units must be an int >= 1\. Got 0\."),
    ({"units": True}, r"units must be an int >= 1\. Got True\."),
    ({"units": 2.0}, r"units must be an int >= 1\. Got 2\.0\."),
    ({"units": "3"}, r"units must be an int >= 1\. Got '3'\."),
    ({"units": 257}, r"units must be an int from 1 to 256\. Got 257\."),
    ({"units": 10**400}, r"units must be an int from 1 to 256\."),
    ({"layers": 9}, r"layers must be an int from 1 to 8\. Got 9\."),
    ({"layers": -1}, r"layers must be an int >= 1\. Got -1\."),
    ({"scale": 0}, r"scale must be a number from 1.17549e-38 to 3"),
    ({"scale": math.nan}, r"scale must be a number from 1.17549e-38 to .* Got nan\."),
    ({"scale": 1e39}, r"scale must be a number from 1.17549e-38 to .* Got 1e\+39\."),
    ({"scale": 10**400}, r"scale must be a number from 1.17549e-38 to"),
    ({"scale": None}, r"scale must be a number from 1.17549e-38 to .* Got None\."),
]


@pytest.mark.parametrize("kind", [CoordinatewiseLSTM, RNNprop])
@pytest.mark.parametrize(("settings", "match"), BAD, ids=[match for _, match in BAD])
def test_a_setting_out_of_range_is_refused(kind, settings, match):
    with pytest.raises(ValueError, match=match):
        kind(**settings)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: RNNprop(decay=1), r"decay must be a number from 0 up to, but not, 1\. Got 1\."),
        (lambda: RNNprop(decay=-0.1), r"decay must be a number from 0 up to, but not, 1\. Got -0\.1\."),
        (lambda: CoordinatewiseLSTM(span=0), r"span must be a number above 0 to 80\. Got 0\."),
        (lambda: CoordinatewiseLSTM(span=81), r"span must be a number above 0 to 80\. Got 81\."),
        (lambda: CoordinatewiseLSTM(span="x"), r"span must be a number above 0 to 80\. Got 'x'\."),
    ],
)
def test_a_setting_of_one_rule_out_of_range_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_slips_are_named():
    with pytest.raises(TypeError, match=r"RNNprop\(unit=3\): there is no argument 'unit'\. Did you mean 'units'"):
        RNNprop(unit=3)
    with pytest.raises(AttributeError, match=r"RNNprop has no attribute 'unit'\. Did you mean 'units'"):
        RNNprop().unit = 3
    with pytest.raises(AttributeError, match=r"RNNprop\.units cannot be changed: its weights are for 20\. Make"):
        RNNprop().units = 3
    with pytest.raises(AttributeError, match=r"RNNprop\.weights cannot be set"):
        RNNprop().weights = {}


def test_a_rule_without_a_formula_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"UpdateRule has no shapes\(\)\. Define shapes\(self\)"):
        UpdateRule().shapes()
    with pytest.raises(NotImplementedError, match=r"UpdateRule has no change\(\)\. Define change\(self, parameter"):
        UpdateRule().change(Tensor(0.0), Tensor(0.0), {}, {})
    assert UpdateRule().state((3,)) == {}


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_comes_back_from_its_configuration(rule):
    config = json.loads(json.dumps(to_config(rule)))
    assert repr(from_config(UPDATE_RULES, config)) == repr(rule)


# files


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_comes_back_from_its_file_to_the_bit(rule, tmp_path):
    rule = copy.deepcopy(rule)
    rule.set_weights(drawn(rule))
    save_rule(rule, tmp_path / "a.rule")
    ff.set_seed(4)
    before = ff.random.uniform((1,)).item()
    ff.set_seed(4)
    again = load_rule(tmp_path / "a.rule")
    assert ff.random.uniform((1,)).item() == before, "loading draws from nobody's sequence"
    assert repr(again) == repr(rule)
    for name, weight in rule.weights.items():
        assert again.weights[name].numpy().tobytes() == weight.numpy().tobytes()
    assert load_rule(str(tmp_path / "a.rule")).units == rule.units


def test_the_rules_that_come_with_the_package_load_and_are_small():
    assert shipped_rules()
    for name in shipped_rules():
        assert isinstance(load_rule(name), UpdateRule)
    assert sum(path.stat().st_size for path in files._SHIPPED.iterdir()) < 200_000


def test_a_file_that_is_there_has_the_name_of_a_rule_only_if_none_comes_with_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = shipped_rules()[0]
    save_rule(RNNprop(units=2, layers=1), name)
    save_rule(RNNprop(units=2, layers=1), "mine")
    assert load_rule("mine").units == 2
    assert load_rule(name).units != 2
    assert load_rule(f"./{name}").units == 2


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        (3, TypeError, r"^load_rule: got 3\. Expected the path of a file\. Give a text or a Path\.$"),
        (b"x", TypeError, r"^load_rule: got b'x'\."),
        (None, TypeError, r"^load_rule: got None\."),
        ("", IsADirectoryError, r"^load_rule: \. is a folder\."),
        ("l2l-mnis", FileNotFoundError, r"^load_rule: there is no update rule 'l2l-mnis'\. Did you mean 'l2l-mnist'"),
        ("no/such.rule", FileNotFoundError, r"^load_rule: there is no file no/such\.rule\. Check the name\."),
        ("\0", FileNotFoundError, r"^load_rule: there is no update rule '\\x00'\."),
        (__file__, FormatError, r"is no file of an update rule, or is damaged .*Give a file that learned\.save_rule"),
    ],
)
def test_what_is_no_file_of_a_rule_is_refused(name, error, match):
    with pytest.raises(error, match=match):
        load_rule(name)


@pytest.mark.parametrize(
    ("rule", "path", "error", "match"),
    [
        (3, "x.rule", TypeError, r"^save_rule: got a int\. Expected an update rule, such as RNNprop\(\)\."),
        (RNNprop, "x.rule", TypeError, r"^save_rule: got a type\."),
        (RNNprop(units=1), 3, TypeError, r"^save_rule: got 3\. Expected the path of a file"),
        (RNNprop(units=1), "/", IsADirectoryError, r"^save_rule: / is a folder"),
        (RNNprop(units=1), "/nowhere/x.rule", FileNotFoundError, r"^save_rule: there is no folder /nowhere"),
    ],
)
def test_a_rule_is_saved_to_files_alone(rule, path, error, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=match):
        save_rule(rule, path)
    assert not list(tmp_path.iterdir())


class Own(RNNprop):
    """A rule that nobody registered."""


def test_a_rule_that_is_not_registered_is_in_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"cannot be saved|unknown"):
        save_rule(Own(units=1), tmp_path / "x.rule")
        load_rule(tmp_path / "x.rule")


def good():
    """Return description and weights of a good file."""
    rule = RNNprop(units=2, layers=1)
    return {"version": 2, "rule": to_config(rule)}, drawn(rule)


def config(**settings):
    header, tensors = good()
    header["rule"] |= settings
    return header, tensors


def weights(**changed):
    header, tensors = good()
    return header, {name: value for name, value in (tensors | changed).items() if value is not None}


def deep(levels):
    tree = {}
    for _ in range(levels):
        tree = {"class": "rnnprop", "units": tree}
    return tree


HOSTILE = {
    "many units": (lambda: config(units=10**9), r"units must be an int from 1 to 256"),
    "many digits": (lambda: config(units=10**4000), r"cannot be loaded"),
    "more units": (lambda: config(units=256, layers=8), r"set_weights: got .*Expected features \(256, 2\)"),
    "another class": (lambda: config(**{"class": "coordinatewiselstm", "span": 1.0}), r"cannot be made|set_weights"),
    "unknown class": (lambda: config(**{"class": "sgd"}), r"unknown update rule 'sgd'"),
    "no text for a class": (lambda: config(**{"class": ["rnnprop"]}), r"unknown update rule \['rnnprop'\]"),
    "unknown setting": (lambda: config(momentum=1), r"there is no argument 'momentum'"),
    "a setting that is none": (lambda: config(_weights={}), r"there is no argument '_weights'"),
    "NaN as a setting": (lambda: config(scale=math.nan), r"scale must be a number from 1.17549e-38"),
    "infinity as a setting": (lambda: config(scale=math.inf), r"scale must be a number from 1.17549e-38"),
    "no rule": (lambda: ({"version": 2}, good()[1]), r"cannot be loaded: KeyError"),
    "a list for a rule": (lambda: ({"version": 2, "rule": []}, good()[1]), r"cannot be loaded"),
    "a number for a rule": (lambda: ({"version": 2, "rule": 7}, good()[1]), r"cannot be loaded: TypeError"),
    "deep": (lambda: ({"version": 2, "rule": deep(900)}, good()[1]), r"cannot be loaded"),
    "missing weight": (lambda: weights(bias_1=None), r"set_weights: got .*Expected .*bias_1 \(8,\)"),
    "extra weight": (lambda: weights(more=np.zeros(3, np.float32)), r"set_weights: got .*more \(3,\)"),
    "other shape": (lambda: weights(bias_1=np.zeros((8, 1), np.float32)), r"bias_1 \(8, 1\)"),
    "empty": (lambda: weights(bias_1=np.zeros(0, np.float32)), r"bias_1 \(0,\)"),
    "NaN": (lambda: weights(bias_1=np.full(8, np.nan, np.float32)), r"a weight is no float32, or not finite"),
    "infinite": (lambda: weights(bias_1=np.full(8, np.inf, np.float32)), r"a weight is no float32, or not finite"),
    "float64": (lambda: weights(bias_1=np.zeros(8)), r"a weight is no float32, or not finite"),
    "ints": (lambda: weights(bias_1=np.zeros(8, np.int32)), r"a weight is no float32, or not finite"),
    "bools": (lambda: weights(bias_1=np.zeros(8, bool)), r"a weight is no float32, or not finite"),
    "no weights": (lambda: (good()[0], {}), r"set_weights: got nothing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_as_an_attacker_writes_it_is_one_clear_error(name, tmp_path):
    make, match = HOSTILE[name]
    path = tmp_path / "x.rule"
    path.write_bytes(files._SEAL.pack(*make()))
    with pytest.raises(FormatError, match=match) as caught:
        load_rule(path)
    assert str(caught.value).startswith(f"{path} cannot be loaded")
    assert len(str(caught.value)) < 700


def test_a_file_that_was_damaged_is_one_clear_error(tmp_path):
    path = tmp_path / "x.rule"
    save_rule(RNNprop(units=1, layers=1), path)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 0x55
        path.write_bytes(bytes(changed))
        with pytest.raises(FormatError, match=r"x\.rule (is no file of|cannot be loaded|has format)"):
            load_rule(path)
    for end in (0, 1, 7, 8, 100, len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(FormatError, match=r"x\.rule (is no file of|cannot be loaded|has format)"):
            load_rule(path)


def test_a_file_of_another_kind_is_none_of_a_rule(tmp_path):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    model.save(tmp_path / "m.ff")
    with pytest.raises(FormatError, match=r"is no file of an update rule"):
        load_rule(tmp_path / "m.ff")
    save_rule(RNNprop(units=1), tmp_path / "x.rule")
    with pytest.raises(FormatError, match=r"is no feedforward model"):
        ff.load(tmp_path / "x.rule")


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_whatever_is_changed_in_a_file_it_is_an_error_or_a_rule(first, tmp_path):
    path = tmp_path / "x.rule"
    for seed in range(first, first + 100):
        draw = random.Random(seed)
        header, tensors = good()
        for _ in range(draw.choice([1, 1, 2, 4])):
            if draw.random() < 0.5:
                hostile_files.mutate_tensors(tensors, draw)
            else:
                hostile_files.mutate_tree(header["rule"], draw) if header["rule"] else None
        path.write_bytes(files._SEAL.pack(header, tensors))
        try:
            rule = load_rule(path)
        except FormatError:
            continue
        assert {name: weight.shape for name, weight in rule.weights.items()} == rule.shapes()
        assert all(np.isfinite(weight.numpy()).all() for weight in rule.weights.values())
        w = ff.Variable(np.float32([1.0]))
        learned_step = ff.optimizers.Learned(rule)
        learned_step.apply_gradients([(Tensor(np.float32([1.0])), w)])


def test_the_namespace_has_what_users_need():
    assert {"CoordinatewiseLSTM", "RNNprop", "UpdateRule", "load_rule", "save_rule", "shipped_rules"} <= {
        *learned.__all__
    }
