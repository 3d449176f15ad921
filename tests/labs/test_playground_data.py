"""Oracle: worked by hand from the definitions of the TensorFlow Playground's sets; NumPy, for formulas; tables."""

import numpy as np
import pytest

from feedforward.labs.errors import LabError
from feedforward.labs.playground.data import KINDS, MAKERS, make_data, order_of, split
from feedforward.labs.playground.features import FEATURES, feature_matrix, formulas_of
from feedforward.labs.playground.formula import read_formula
from feedforward.labs.playground.table import read_table


def made(kind, noise=0.0, count=3000):
    return MAKERS[kind](np.random.default_rng(1), count, noise)


def test_the_circle_is_a_disk_of_one_class_and_a_ring_of_the_other():
    points, classes = made("circle")
    radius = np.hypot(*points.T)
    assert ((radius < 2.5) == (classes == 1)).all()
    assert ((radius > 3.5) & (radius < 5) == (classes == 0)).all()
    assert classes.mean() == 0.5


def test_exclusive_or_is_the_sign_of_the_product_with_a_gap_along_the_axes():
    points, classes = made("xor")
    assert ((points.prod(1) >= 0) == (classes == 1)).all()
    assert 0.3 <= np.abs(points).min() and np.abs(points).max() <= 5.3


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_noise_raises_the_variance_of_two_clouds(noise, variance):
    points, classes = made("gauss", noise)
    apart = points - np.where(classes > 0, 2.0, -2.0)[:, None]
    assert np.abs(apart.mean(0)).max() < 4 * np.sqrt(variance / 3000)  # four standard errors
    assert apart.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / 6000))


def test_each_arm_of_the_spiral_winds_one_and_three_quarter_times():
    points, classes = made("spiral", count=2000)
    i = np.arange(1000) / 1000  # radius 5 i / n, angle 1.75 i / n turns; the other arm half a turn behind
    for one, turn in ((1, 0.0), (0, np.pi)):
        angle = 1.75 * i * 2 * np.pi + turn
        expected = np.stack([5 * i * np.sin(angle), 5 * i * np.cos(angle)], 1)
        np.testing.assert_allclose(points[classes == one], expected, atol=1e-12)


def test_three_arms_are_three_classes_of_one_size():
    assert np.bincount(made("three")[1].astype(int)).tolist() == [1000, 1000, 1000]


def test_the_plane_is_a_tenth_of_the_sum():
    points, values = made("plane")
    np.testing.assert_allclose(values, (points[:, 0] + points[:, 1]) / 10, atol=1e-15)


def test_hills_and_hollows_take_the_height_that_is_largest_in_size():
    points, values = made("multigauss")
    centres = {(-4, 2.5): 1, (0, 2.5): -1, (4, 2.5): 1, (-4, -2.5): -1, (0, -2.5): 1, (4, -2.5): -1}
    for (x, y), value in zip(points[:300], values[:300], strict=True):
        heights = [sign * max(0.0, 1 - np.hypot(x - a, y - b) / 2) for (a, b), sign in centres.items()]
        assert value == pytest.approx(max(heights, key=abs), abs=1e-12)


@pytest.mark.parametrize("kind", MAKERS)
def test_noise_changes_labels_or_points_and_nothing_leaves_the_plane_far_behind(kind):
    calm, noisy = made(kind), made(kind, 0.5)
    assert np.abs(noisy[0]).max() < 12
    assert not (np.array_equal(calm[0], noisy[0]) and np.array_equal(calm[1], noisy[1]))


@pytest.mark.parametrize(("count", "share", "trained"), [(500, 0.5, 250), (2, 0.1, 1), (2, 0.9, 1), (20, 0.9, 18)])
def test_every_point_is_trained_on_or_tested_and_neither_is_empty(count, share, trained):
    train, test = split(3, count, share)
    assert len(train) == trained
    assert sorted([*train, *test]) == list(range(count))


def test_an_epoch_has_an_order_of_its_own_that_the_seed_fixes():
    assert sorted(order_of(3, 7, 50)) == list(range(50))
    assert order_of(3, 7, 50).tolist() == order_of(3, 7, 50).tolist() != order_of(3, 8, 50).tolist()


def test_own_points_are_needed_where_they_are_asked_for():
    with pytest.raises(ValueError, match="own is None"):
        make_data(KINDS[-1], 10, 0, 0.5, 0, None)


# ---- features

POINTS = np.random.default_rng(0).uniform(-6, 6, (100, 2))
X, Y = POINTS.T


def test_the_seven_features_are_what_they_are_called():
    expected = [X, Y, X * X, Y * Y, X * Y, np.sin(X), np.sin(Y)]
    np.testing.assert_array_equal(feature_matrix(formulas_of(tuple(FEATURES), ""), POINTS), np.stack(expected, 1))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sin(3*x1) + x2^2", np.sin(3 * X) + Y**2),
        ("-x^2 / 2 - y", -(X**2) / 2 - Y),
        ("max(x1, min(x2, 0.5)) * pi", np.maximum(X, np.minimum(Y, 0.5)) * np.pi),
        ("exp(-abs(x1)) + log(2 + tanh(x2)) + sqrt(abs(x1)) + sign(y) + cos(e) + tan(0.1*x)", None),
        ("2^-3^2", np.full(100, 2.0**-9)),
    ],
)
def test_a_formula_is_what_numpy_makes_of_it_and_shows_the_same_bits(text, values):
    formula = read_formula(text)
    if values is not None:
        np.testing.assert_allclose(formula(POINTS), values, rtol=1e-15)
    shown = eval(formula.text, {"np": np, "x1": X, "x2": Y})  # written by the lab: what a script will run
    np.testing.assert_array_equal(np.broadcast_to(shown, 100), formula(POINTS))
    assert formula.is_constant == (text == "2^-3^2")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x1 +", "formula_ended"),
        ("x3", "formula_name"),
        ("relu(x1)", "formula_function_here"),
        ("__import__('os')", "formula_character"),
        ("import(x1)", "formula_function"),
        ("x1; x2", "formula_character"),
    ],
)
def test_what_is_no_formula_is_refused(text, key):
    with pytest.raises(LabError) as caught:
        read_formula(text)
    assert caught.value.key == key


@pytest.mark.parametrize("text", ["1/x1", "log(x1)", "exp(x1^4)", "1/0", "(0-8)^0.5", "10^10^10", "x1*1e7", "0/(0*x1)"])
def test_a_formula_must_have_a_value_of_bounded_size_everywhere(text):
    with pytest.raises(LabError) as caught:
        read_formula(text)(np.array([[0.0, 0.0], [-3.0, 1.0], [5.0, 5.0]]))
    assert caught.value.key == "formula_value"
    assert np.isfinite([caught.value.values["x1"], caught.value.values["x2"]]).all()


# ---- tables


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_has_its_columns_scaled_and_its_classes_named(mark, end):
    rows = ["height,weight,kind", "150,50,cat", "190,50,dog", "", "170, 90 ,cat"]
    own = read_table("\ufeff" + end.join(row.replace(",", mark) for row in rows))
    # 150 to 190 fill -5 to 5, so that -6 and 6 are a fifth of 20 further out.
    assert own.axes == (("height", 146.0, 194.0), ("weight", 46.0, 94.0))
    assert own.points.tolist() == [[-5, -5], [5, -5], [0, 5]]
    assert own.names == ("cat", "dog")
    assert own.classes.tolist() == [0, 1, 0]


def test_a_quoted_class_may_have_the_delimiter_in_it():
    assert read_table('1,2,"a, b"\n3,4,c').names == ("a, b", "c")


def test_a_table_without_a_header_and_with_numbers_for_classes():
    own = read_table("1,2,10\n3,2,9\n2,2,10")
    assert own.axes == (("x1", 0.8, 3.2), ("x2", 0.8, 3.2))  # a column of one number has room around it
    assert own.names == ("9", "10")
    assert own.classes.tolist() == [1, 0, 1]
    assert own.points[:, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("low", "high"), [("0", "5e-324"), ("1", "1.0000000000000002"), ("-1e100", "1e100"), ("1e17", "1e17"), ("0", "0")]
)
def test_a_column_of_any_size_fills_the_plane_and_its_axis_goes_somewhere(low, high):
    own = read_table(f"{low},1,u\n{high},2,v")
    edge = 5.0 if float(low) < float(high) else 0.0
    assert own.points[:, 0].tolist() == [-edge, edge]
    _, left, right = own.axes[0]
    assert -np.inf < left < right < np.inf
    assert left <= float(low) <= float(high) <= right


@pytest.mark.parametrize(
    ("text", "key", "place"),
    [
        ("", "table_empty", {}),
        ("a,b,c\n", "table_empty", {}),
        ("1,2,a\n", "few_points", {"length": 1}),
        ("a,b,c\n1,2,u\n3,x,v\n", "table_number", {"line": 3, "column": 2, "value": "'x'"}),
        ("1,2,u\n\n3,,v\n", "table_number", {"line": 3, "column": 2, "value": "''"}),
        ("1,2,u\nnan,1,v\n", "table_number", {"line": 2, "column": 1}),
        ("1,2,u\n1,inf,v\n", "table_number", {"line": 2, "column": 2}),
        ("1,2,u\n1,1e999,v\n", "table_number", {"line": 2, "column": 2}),
        ("1,2,u\n1,2\n", "table_columns", {"line": 2, "length": 2}),
        ("1,2,u\n1,2, \n", "table_class", {"line": 2, "column": 3}),
        ("1,2,u\n1,2," + "v" * 61 + "\n", "table_class", {"line": 2, "column": 3}),
        ('1,2,u\n1,2,"v\n', "table_quotes", {"line": 2}),
        ("1,2,u\n3,4,u\n", "one_class", {"value": "'u'"}),
        ("".join(f"1,2,{one}\n" for one in range(11)), "table_classes", {"line": 11, "column": 3}),
        ("1,2,u\n" * 2001, "table_rows", {"most": 2000}),
    ],
)
def test_a_bad_table_names_its_line_and_column(text, key, place):
    with pytest.raises(LabError) as caught:
        read_table(text)
    assert caught.value.key == key
    assert place.items() <= caught.value.values.items()
