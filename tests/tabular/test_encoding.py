"""Oracle (a): values worked by hand after RealMLP's description (arXiv 2407.04491); (e): a file holds the record."""

import copy
import json
import logging
import math
import random
import re

import numpy as np
import pytest

from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.tabular.columns import Column, Table
from feedforward.tabular.encoding import MOST_VALUES, Encoding
from feedforward.tabular.frames import table_of

CLOSE = 2 * np.finfo(np.float32).eps
"""The arrays are rounded to float32 once; one more rounding is the comparison's own."""


def smooth(z):
    """Return z as it is clipped: z / sqrt(1 + (z / 3)^2)."""
    return z / math.sqrt(1 + (z / 3) ** 2)


def encoded(columns, **settings):
    """Return the arrays of columns, and the encoding that was learnt of the same."""
    table = table_of(columns, "fit")
    encoding = Encoding.learnt(table, **settings)
    return encoding.encoded(table, "fit"), encoding


def test_numbers_are_divided_by_their_quartiles_and_clipped():
    # Sorted 0 1 2 3 10: median 2, quartiles 1 and 3, so z = (x - 2) / 2.
    arrays, encoding = encoded({"a": [10, 0, 1, 2, 3]})
    wanted = [smooth(4.0), smooth(-1.0), smooth(-0.5), 0.0, smooth(0.5)]
    np.testing.assert_allclose(arrays.numbers[:, 0], wanted, rtol=CLOSE)
    assert arrays.numbers.dtype == np.float32 and arrays.codes.shape == (5, 0) and arrays.codes.dtype == np.int32
    assert encoding.columns[0].centers == (2.0,) and encoding.columns[0].scales == (0.5,)


def test_numbers_of_equal_quartiles_are_divided_by_half_their_range():
    # Median and quartiles 0; the range is 0 to 4, half of it 2.
    arrays, _ = encoded({"a": [0, 0, 0, 0, 0, 4]})
    np.testing.assert_allclose(arrays.numbers[:, 0], [0, 0, 0, 0, 0, smooth(2.0)], rtol=CLOSE)


def test_a_constant_is_zero_whatever_comes_later():
    arrays, encoding = encoded({"a": [3.0, 3.0], "b": [1.0, 2.0]})
    assert arrays.numbers[:, 0].tolist() == [0, 0]
    later = encoding.encoded(table_of({"a": [1e9, -7.0], "b": [1.0, 2.0]}, "predict"), "predict")
    assert later.numbers[:, 0].tolist() == [0, 0]
    assert str(encoding.columns[0]) == "number, always 3"


def test_a_gap_is_the_median_and_a_column_says_so():
    # Present are 1 2 3: median 2, quartiles 1.5 and 2.5. Gaps are 0 0 0 1: quartiles 0 and 0.25, z = 1 / 0.25 = 4.
    arrays, encoding = encoded({"a": [1, 2, 3, None]})
    np.testing.assert_allclose(arrays.numbers[:, 0], [smooth(-1.0), 0, smooth(1.0), 0], rtol=CLOSE)
    np.testing.assert_allclose(arrays.numbers[:, 1], [0, 0, 0, smooth(4.0)], rtol=CLOSE)
    assert encoding.number_names == ("a", "a is missing")
    assert str(encoding.columns[0]) == "number; 1 gap: the median 2, and a column that says so"


def test_a_gap_where_none_was_learnt_is_the_median():
    _, encoding = encoded({"a": [1, 2, 3]})
    arrays = encoding.encoded(table_of({"a": [None, 2.0]}, "predict"), "predict")
    assert arrays.numbers.tolist() == [[0], [0]]


def test_two_values_are_one_and_minus_one_and_zero_where_missing():
    # 1 -1 1 0: median 0.5, quartiles -0.25 and 1: z = (x - 0.5) / 1.25.
    arrays, encoding = encoded({"a": ["u", "v", "u", None]})
    wanted = [smooth(0.4), smooth(-1.2), smooth(0.4), smooth(-0.4)]
    np.testing.assert_allclose(arrays.numbers[:, 0], wanted, rtol=CLOSE)
    later = encoding.encoded(table_of({"a": ["w", None, "u"]}, "predict"), "predict")
    np.testing.assert_allclose(later.numbers[:, 0], [smooth(-0.4), smooth(-0.4), smooth(0.4)], rtol=CLOSE)
    assert later.unknown == {"a": 1}
    assert str(encoding.columns[0]) == "category: 2 values (u, v), 1 and -1; 1 gap: 0"


def test_truths_are_one_for_true():
    arrays, encoding = encoded({"a": [True, False, True, None]})
    np.testing.assert_allclose(arrays.numbers[:, 0], [smooth(0.4), smooth(-1.2), smooth(0.4), smooth(-0.4)], rtol=CLOSE)
    assert str(encoding.columns[0]) == "boolean: 2 values (True, False), 1 and -1; 1 gap: 0"


def test_three_values_are_a_column_each():
    # Column u is 1 0 0 0 0: median and quartiles 0, half the range 1/2, so 1 becomes z = 2. Column v is 0 1 1 0 0:
    # median 0, quartiles 0 and 1: z = x. Column w is like u.
    arrays, encoding = encoded({"a": ["u", "v", "v", "w", None]})
    one, two = smooth(1.0), smooth(2.0)
    wanted = [[two, 0, 0], [0, one, 0], [0, one, 0], [0, 0, two], [0, 0, 0]]
    np.testing.assert_allclose(arrays.numbers, wanted, rtol=CLOSE)
    assert encoding.number_names == ("a=u", "a=v", "a=w")
    later = encoding.encoded(table_of({"a": ["x", "x", None, "u"]}, "predict"), "predict")
    np.testing.assert_allclose(later.numbers, [[0, 0, 0]] * 3 + [[two, 0, 0]], rtol=CLOSE)
    assert later.unknown == {"a": 2}
    assert str(encoding.columns[0]) == "category: 3 values (u, v, w), a column each; 1 gap: 0 in all"


def test_more_than_eight_values_are_codes_in_the_order_of_their_texts():
    words = list("ihgfedcba")
    arrays, encoding = encoded({"a": [*words, "a", None]})
    assert arrays.codes[:, 0].tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 0] and arrays.numbers.shape == (11, 0)
    assert encoding.sizes == (10,) and encoding.number_names == ()
    later = encoding.encoded(table_of({"a": ["z", "b", None]}, "predict"), "predict")
    assert later.codes[:, 0].tolist() == [0, 2, 0] and later.unknown == {"a": 1}
    assert str(encoding.columns[0]) == "category: 9 values (a, b, c, d, ...), embedded; 1 gap: code 0"


def test_eight_values_are_columns_and_a_setting_says_so():
    words = list("abcdefgh") * 2
    assert encoded({"a": words})[1].sizes == () and encoded({"a": words}, most_one_hot=7)[1].sizes == (9,)


def test_one_value_is_one_column():
    arrays, encoding = encoded({"a": ["u", "u", None]})
    # 1 1 0: median 1, quartiles 0.5 and 1.
    np.testing.assert_allclose(arrays.numbers[:, 0], [0, 0, smooth(-2.0)], rtol=CLOSE)
    assert encoding.number_names == ("a=u",)


def test_arrays_follow_the_columns_and_embedded_ones_are_apart():
    words = list("abcdefghij")
    given = {"w": words, "p": ["u", "v"] * 5, "n": [None, *range(9)], "m": range(10)}
    arrays, encoding = encoded(given)
    assert encoding.number_names == ("p", "n", "n is missing", "m")
    assert encoding.is_number == (False, True, False, True)
    assert arrays.codes[:, 0].tolist() == list(range(1, 11))
    assert arrays.numbers[0, 2] > 0 and (arrays.numbers[1:, 2] == 0).all()
    assert (np.sign(arrays.numbers[:, 0]) == [1, -1] * 5).all()


def test_dates_are_days_and_the_log_says_so(caplog):
    dates = np.array(["1970-01-01", "1970-01-02", "1970-01-03", "NaT"], "datetime64[D]")
    with caplog.at_level(logging.INFO, "feedforward"):
        arrays, encoding = encoded({"when": dates, "long": np.array([1, 2, 3, "NaT"], "timedelta64[h]")})
    np.testing.assert_allclose(arrays.numbers[:, 0], [smooth(-1), 0, smooth(1), 0], rtol=CLOSE)
    np.testing.assert_allclose(arrays.numbers[:, 2], [smooth(-1), 0, smooth(1), 0], rtol=CLOSE)
    assert "column 'when' is a date: days since 1970-01-01; 1 gap: the median 1," in caplog.text
    assert str(encoding.columns[1]).startswith("duration: days; 1 gap: the median 0.0833333,")


@pytest.mark.parametrize("chosen", [["a"], [0], [np.int64(0)], [True, False]], ids=repr)
def test_numbers_are_a_category_where_the_user_says_so(chosen):
    arrays, encoding = encoded({"a": [10, 20, 10, None], "b": [1.0, 2.0, 3.0, 4.0]}, categorical=chosen)
    assert encoding.columns[0].values == ("10", "20") and encoding.number_names == ("a", "b")
    np.testing.assert_allclose(arrays.numbers[:, 0], [smooth(0.4), smooth(-1.2), smooth(0.4), smooth(-0.4)], rtol=CLOSE)
    later = encoding.encoded(table_of({"a": [20.0, 7.5], "b": [1.0, 1.0]}, "predict"), "predict")
    assert later.unknown == {"a": 1}


def test_few_whole_numbers_stay_numbers():
    assert encoded({"a": [0, 1, 0, 1]})[1].columns[0].taken_for == "number"


def test_what_no_one_can_learn_from_is_left_out_and_told():
    rows = range(25)
    given = {"name": [f"p{row}" for row in rows], "none": [None] * 25, "id": rows, "x": [row % 3 for row in rows]}
    _, encoding = encoded(given)
    assert encoding.lines() == [
        "name: unused; another text in every row",
        "none: unused; no cell has a value; 25 gaps",
        "id: number; another whole number in every row: drop it if it only counts them",
        "x: number",
    ]
    arrays = encoding.encoded(table_of({"id": [1], "x": [1]}, "predict"), "predict")
    assert arrays.numbers.shape == (1, 2)
    assert Encoding.learnt(table_of(given, "fit"), categorical=["name"]).sizes == (26,)  # unless it is asked for


def test_in_few_rows_a_text_that_is_another_in_each_is_a_category():
    words = [f"p{row}" for row in range(20)]
    assert encoded({"a": words[:19]})[1].sizes == (20,) and encoded({"a": [*words, "p0"]})[1].sizes == (21,)
    with pytest.raises(DataError, match=r"no column is left to learn from \(a: unused; another text in every row\)"):
        encoded({"a": words})


def test_only_the_most_frequent_values_of_very_many_are_told_apart():
    count = MOST_VALUES + 5
    words = [f"{number:06d}" for number in range(count)]
    arrays, encoding = encoded({"a": [*words, *words[5:]]})
    assert encoding.sizes == (MOST_VALUES + 1,) and arrays.unknown == {"a": 5}
    assert (arrays.codes[:5, 0] == 0).all() and arrays.codes[5, 0] == 1
    assert "; 10,005 values, of which the most frequent are told apart" in str(encoding.columns[0])


def test_extreme_numbers_stay_finite():
    arrays, encoding = encoded(
        {"a": [-1e300, 0.0, 1e300, 1.0], "b": [0.0, 5e-324, 0.0, 5e-324], "c": [0.0, 1e-290, 0, 0]}
    )
    assert np.isfinite(arrays.numbers).all() and (np.abs(arrays.numbers) <= 3).all()
    later = encoding.encoded(table_of({"a": [1e300], "b": [1e300], "c": [-1e300]}, "predict"), "predict")
    assert later.numbers[0, 1] == 0 and later.numbers[0, 2] == -3 and np.isfinite(later.numbers).all()


def test_columns_are_found_by_name_and_others_are_left():
    given = {"a": [1, 2, 4], "b": ["u", "v", "v"]}
    arrays, encoding = encoded(given)
    other = table_of({"c": [0, 0, 0], "b": given["b"], "a": given["a"]}, "predict")
    assert encoding.encoded(other, "predict").numbers.tolist() == arrays.numbers.tolist()


def test_columns_without_names_are_found_by_their_places():
    rows = np.array([[1.0, 5.0], [2.0, 7.0], [4.0, 6.0]])
    encoding = Encoding.learnt(table_of(rows, "fit"))
    one = encoding.encoded(table_of(rows, "predict"), "predict").numbers
    two = encoding.encoded(table_of({"b": rows[:, 0], "a": rows[:, 1]}, "predict"), "predict").numbers
    assert not encoding.is_named and one.tolist() == two.tolist()


def test_rows_are_encoded_as_the_table_is():
    generator = np.random.default_rng(3)
    given = {"a": generator.normal(size=40), "b": generator.choice(list("abcdefghijk"), 40), "c": [None, True] * 20}
    arrays, encoding = encoded(given)
    table = table_of(given, "predict")
    for row in (0, 17, 39):
        one = encoding.encoded(table.take(np.array([row])), "predict")
        assert (
            one.numbers.tolist() == arrays.numbers[[row]].tolist()
            and one.codes.tolist() == arrays.codes[[row]].tolist()
        )


@pytest.mark.parametrize("seed", range(20))
def test_random_tables_follow_the_formula(seed):
    """An independent float64 formula, cell by cell."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(3, 60))
    numbers = generator.normal(size=count) * 10.0 ** generator.integers(-5, 6) + generator.normal()
    numbers[generator.random(count) < 0.2] = np.nan
    numbers[:2] = [1.0, 2.0]
    words = generator.choice([None, *"abcdefghijklmno"[: generator.integers(1, 15)]], count)
    words[:2] = ["a", None]
    arrays, encoding = encoded({"x": numbers, "w": words})
    present = np.sort(numbers[~np.isnan(numbers)])
    low, median, high = (
        np.interp(share * (len(present) - 1), range(len(present)), present) for share in (0.25, 0.5, 0.75)
    )
    length = high - low or (present[-1] - present[0]) / 2
    wanted = [0.0 if math.isnan(x) else smooth((x - median) / length if length else 0.0) for x in numbers]
    # A difference of numbers is off by half a unit of the larger one.
    slack = 4 * np.finfo(np.float64).eps * np.abs(present).max() / length if length else 0
    np.testing.assert_allclose(arrays.numbers[:, 0], wanted, rtol=CLOSE, atol=slack)
    kept = sorted({word for word in words if word is not None})
    if len(kept) > 8:
        assert arrays.codes[:, 0].tolist() == [0 if word is None else kept.index(word) + 1 for word in words]
    elif len(kept) != 2:
        is_on = np.array([[word == value for value in kept] for word in words])
        places = [encoding.number_names.index(f"w={value}") for value in kept]
        block = arrays.numbers[:, places]
        assert all(
            len({*block[is_on[:, at], at]}) <= 1 and len({*block[~is_on[:, at], at]}) <= 1 for at in range(len(kept))
        )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"b": ["u"]}, DataError, "predict: x has no column 'age'. Expected the 2 columns learnt from. Known: b."),
        (
            {"ages": [1], "b": ["u"]},
            DataError,
            "predict: x has no column 'age'. Expected the 2 columns learnt from. Did you mean 'ages'?",
        ),
        (
            {"c": [1]},
            DataError,
            "predict: x has no column 'age', nor 'b'. Expected the 2 columns learnt from. Known: c.",
        ),
        (
            {"age": [None, "x"], "b": ["u", "v"]},
            TypeError,
            "predict: column 'age' of x is a category, 'x' at row 1. Expected "
            "a number, as it was when it was learnt. Convert it.",
        ),
        (
            {"age": [1, 2], "b": [None, 7]},
            TypeError,
            "predict: column 'b' of x is a number, 7.0 at row 1. Expected a "
            "category, as it was when it was learnt. Convert it.",
        ),
        ({"age": [True], "b": ["u"]}, TypeError, "predict: column 'age' of x is a boolean, 1.0 at row 0."),
        (
            np.zeros((2, 3)),
            ShapeError,
            "predict: X has 3 features, but Encoding is expecting 2 features as input. Give the "
            "columns learnt from, in their order.",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_its_column(given, error, message):
    _, encoding = encoded({"age": [1, 2], "b": ["u", "v"]})
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        encoding.encoded(table_of(given, "predict"), "predict")


def test_a_column_without_values_is_of_any_kind():
    _, encoding = encoded({"a": [1, 2], "b": ["u", "v"], "c": [True, False]})
    arrays = encoding.encoded(table_of({"a": [None], "b": [np.nan], "c": [None]}, "predict"), "predict")
    assert arrays.numbers[0, 0] == 0 and arrays.unknown == {} and np.isfinite(arrays.numbers).all()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"categorical": "a"},
            TypeError,
            "fit: categorical='a'. Expected a list of names or places. Give a list of one.",
        ),
        (
            {"categorical": ["age"]},
            DataError,
            "fit: categorical has 'age'. Expected names of columns, or places from 0 to 1.",
        ),
        ({"categorical": [2]}, DataError, "fit: categorical has 2. Expected names of columns, or places from 0 to 1."),
        ({"categorical": [True]}, ValueError, "fit: categorical has 1 bools, x has 2 columns. Expected one for each."),
        ({"most_one_hot": -1}, ValueError, "fit: most_one_hot=-1. Expected an int >= 0. Give one."),
    ],
)
def test_a_setting_that_means_nothing_is_refused(settings, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        Encoding.learnt(table_of({"ages": [1, 2], "b": [1, 2]}, "fit"), caller="fit", **settings)


def test_a_table_without_anything_to_learn_from_is_refused():
    message = "fit: no column is left to learn from (a: unused; no cell has a value; 2 gaps). Expected at least one."
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        Encoding.learnt(table_of({"a": [None, None]}, "fit"), caller="fit")


def test_categories_that_no_file_could_hold_are_refused():
    words = [letter * 600_000 for letter in "abcdefgh"]
    with pytest.raises(
        DataError, match=r"^fit: the categories' values have 4,800,000 characters, those of column 'a' "
    ):
        Encoding.learnt(table_of({"a": words}, "fit"), caller="fit")


# What a file says


def example():
    """Return an encoding with a column of each sort."""
    words = [f"w{number % 12}" for number in range(24)]
    table = table_of(
        {
            "number": [None, *range(23)],
            "pair": ["u", "v"] * 12,
            "three": ["a", "b", "c"] * 8,
            "words": words,
            "truth": [True, False] * 12,
            "when": np.arange(24).astype("datetime64[D]"),
            "none": [None] * 24,
            "forced": [1, 2, 3] * 8,
            "constant": [5.0] * 24,
            "word": ["only"] * 24,
        },
        "fit",
    )
    return Encoding.learnt(table, categorical=["forced"]), table


def test_a_file_holds_all_of_it():
    encoding, table = example()
    again = Encoding.from_config(json.loads(json.dumps(encoding.to_config())))
    assert again == encoding
    one, two = encoding.encoded(table, "fit"), again.encoded(table, "fit")
    assert one.numbers.tobytes() == two.numbers.tobytes() and one.codes.tobytes() == two.codes.tobytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda config: [],
        lambda config: config | {"more": 1},
        lambda config: config | {"is_named": 1},
        lambda config: config | {"columns": {}},
        lambda config: config | {"columns": []},
        lambda config: config | {"columns": config["columns"] * 2},
        lambda config: config | {"columns": [{}]},
        *[
            lambda config, place=place, name=name, value=value: (
                config["columns"][place].__setitem__(name, value) or config
            )
            for place, name, value in [
                (0, "name", 3),
                (0, "kind", "text"),
                (0, "kind", "category"),
                (0, "kind", "boolean"),
                (0, "taken_for", "target"),
                (0, "gaps", -1),
                (0, "gaps", True),
                (0, "gaps", 0),
                (0, "centers", [0.0, 1]),
                (0, "centers", [0.0]),
                (0, "centers", [math.inf, 0.0]),
                (0, "scales", [math.nan, 0.0]),
                (0, "scales", [-1.0, 0.0]),
                (0, "values", ["a"]),
                (1, "values", ["u"]),
                (1, "values", ["u", "u"]),
                (1, "values", ["u", 1]),
                (1, "taken_for", "embedding"),
                (2, "values", [str(number) for number in range(10_001)]),
                (3, "values", [str(number) for number in range(10_001)]),
                (2, "values", []),
                (2, "scales", [1.0, 1.0]),
                (3, "values", []),
                (3, "centers", [0.0]),
                (4, "values", ["False", "True"]),
                (6, "values", ["a"]),
                (6, "more", 1),
            ]
        ],
    ],
)
def test_a_file_that_says_something_else_is_refused(change):
    config = json.loads(json.dumps(example()[0].to_config()))
    with pytest.raises(FormatError, match=r"^the encoding of (its table|a column|column '\w+') .*whole\.$"):
        Encoding.from_config(change(config))


def test_whatever_a_file_says_it_is_refused_or_works():
    """Changes at random: what is accepted encodes a table to finite numbers and codes within their sizes."""
    encoding, table = example()
    good = json.loads(json.dumps(encoding.to_config()))
    values = (
        None,
        True,
        -1,
        0,
        3,
        1.5,
        -2.0,
        1e308,
        math.nan,
        "",
        "number",
        "pair",
        "embedding",
        "unused",
        "date",
        [],
        [1.0],
        ["a", "b"],
        {},
        [[]],
        "boolean",
        2**70,
    )
    draw, accepted = random.Random(5), 0
    for _ in range(1500):
        config = copy.deepcopy(good)
        for _ in range(draw.randint(1, 2)):
            column = draw.choice(config["columns"])
            name = draw.choice([*column, "note", "gaps", "centers"])
            if isinstance(column.get(name), list) and column[name] and draw.random() < 0.5:
                column[name][draw.randrange(len(column[name]))] = draw.choice(values)
            elif draw.random() < 0.2:
                column.pop(name, None)
            else:
                column[name] = draw.choice(values)
        try:
            changed = Encoding.from_config(config)
        except FormatError:
            continue
        accepted += 1
        assert all(changed.lines()) and len(changed.number_names) == len(changed.is_number)
        try:
            arrays = changed.encoded(table, "predict")
        except (DataError, TypeError) as error:
            assert str(error).startswith("predict: ")
        else:
            assert np.isfinite(arrays.numbers).all() and (np.abs(arrays.numbers) <= 3).all()
            assert (arrays.codes >= 0).all() and (arrays.codes < changed.sizes).all()
    assert accepted > 100


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((), "Table: 0 columns. Expected at least one. Give one."),
        (
            (Column("a", "number", np.zeros(2)), Column("a", "number", np.zeros(2))),
            "Table: two columns are called 'a'.",
        ),
        (
            (Column("a", "number", np.zeros(2)), Column("b", "number", np.zeros(3))),
            "Table: column 'a' has 2 rows, column 'b' has 3.",
        ),
    ],
)
def test_columns_that_are_no_table_are_refused(columns, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        Table(columns)
