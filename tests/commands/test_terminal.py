"""Oracle: lines written out by hand for small matrices."""

import numpy as np
from rich.cells import cell_len

from feedforward.commands.terminal import lines
from feedforward.report.evaluation import Classification, Regression


def evaluation(names, labels, predicted):
    return Classification(np.array(labels), np.eye(len(names), dtype=np.float32)[predicted], tuple(names), 0.25)


def texts(made, width=None):
    return [line.plain.rstrip() for line in lines(made, width)]


def test_a_matrix_of_short_names_has_them_as_heads():
    made = evaluation(["no", "yes"], [0, 0, 0, 1, 1], [0, 0, 1, 1, 1])
    assert texts(made)[3:] == [
        "confusion matrix: rows are true, columns predicted",
        "       no  yes   recall",
        "no      2    1    66.7%",
        "yes     .    2   100.0%",
    ]


def test_a_matrix_of_long_names_numbers_them():
    made = evaluation(["Trouser", "Ankle boot"], [0, 1], [0, 1])
    assert texts(made)[4:] == [
        "              0  1   recall",
        "0 Trouser     1  .   100.0%",
        "1 Ankle boot  .  1   100.0%",
    ]


def test_a_class_without_samples_has_no_recall():
    assert texts(evaluation(["a", "b"], [0], [0]))[-1] == "b     .  0        -"


def test_wide_letters_keep_the_columns_in_line():
    made = evaluation(["猫", "犬"], [0, 1], [0, 1])
    assert len({cell_len(line.plain) for line in lines(made)[4:]}) == 1


def test_more_than_25_classes_show_the_pairs_most_often_mistaken():
    names = [f"c{index}" for index in range(26)]
    shown = texts(evaluation(names, [0, 0, 3], [1, 1, 3]))
    assert shown[3:] == ["most often mistaken", "     2 of 2  c0 taken for c1"]


def test_a_matrix_wider_than_the_terminal_gives_way_to_the_pairs():
    made = evaluation(["no", "yes"], [0, 0], [0, 1])
    assert texts(made, 20)[3] == "most often mistaken"
    assert texts(made, 80)[3].startswith("confusion matrix")


def test_zeros_are_dim_and_the_diagonal_stands_out():
    row = lines(evaluation(["a", "b"], [0, 1], [0, 1]))[5]
    assert {str(span.style) for span in row.spans} == {"bold green", "bright_black"}


def test_the_accuracy_has_its_counts_and_interval():
    made = evaluation(["a", "b"], [0] * 100, [0] * 90 + [1] * 10)
    assert texts(made)[0] == "accuracy 90.00%  (90 of 100 right; 95 % interval 82.6% to 94.5%)"


def test_a_regression_shows_its_three_numbers():
    made = Regression(np.array([0, 2], np.float32), np.array([1, 1], np.float32))
    assert texts(made) == [
        "R^2 0.0000  (1 is perfect, 0 is guessing the mean)",
        "mean absolute error 1",
        "mean squared error 1",
    ]
