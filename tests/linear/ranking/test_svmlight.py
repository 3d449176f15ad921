"""Oracle: lines worked by hand; scikit-learn's load_svmlight_file; messages by eye."""

import gzip
import io
import re

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from feedforward.errors import DataError
from feedforward.linear.ranking import read_svmlight


@pytest.fixture
def read(tmp_path):
    """Return a function that writes bytes to a file and reads it."""

    def _read(content, columns=None):
        path = tmp_path / "data.txt"
        path.write_bytes(content)
        return read_svmlight(path, columns)

    return _read


def test_a_file_of_letor_is_read_with_its_ends_of_line_and_comments(read):
    found = read(b"# head\r\n2 qid:10 1:0.5 3:-1e-2 #docid = GX0 inc = 1\r\n\r\n0\tqid:7\t2:.25\r\n1 qid:10 # none")
    assert found.targets.tolist() == [2, 0, 1] and found.queries.tolist() == [10, 7, 10]
    assert found.rows.dense().tolist() == [[0.5, 0, -0.01], [0, 0.25, 0], [0, 0, 0]]


def test_a_file_without_queries_and_more_columns_than_occur(read):
    found = read(b"-1 1:1\n+1 2:2\n", columns=4)
    assert found.queries is None and found.targets.tolist() == [-1, 1] and found.rows.shape == (2, 4)
    assert read(b"1\n").rows.dense().tolist() == [[0.0]]


def test_what_scikit_learn_writes_is_read_as_it_reads_it(read):
    random = np.random.default_rng(3)
    x = random.standard_normal((40, 9)) * (random.random((40, 9)) < 0.4)
    buffer = io.BytesIO()
    dump_svmlight_file(x, random.integers(0, 4, 40), buffer, zero_based=False, query_id=random.integers(0, 9, 40))
    wanted, y, q = load_svmlight_file(io.BytesIO(buffer.getvalue()), n_features=9, zero_based=False, query_id=True)
    for content in (buffer.getvalue(), gzip.compress(buffer.getvalue())):
        found = read(content, columns=9)
        np.testing.assert_array_equal(found.rows.dense(), wanted.toarray())
        np.testing.assert_array_equal(found.targets, y)
        np.testing.assert_array_equal(found.queries, q)


def test_lines_are_whole_also_where_a_piece_of_the_file_ends(read):
    line = b"1 qid:3 " + b" ".join(b"%d:0.125" % column for column in range(1, 40)) + b"\n"
    found = read(line * 4000)  # 1.7 MiB: pieces are of 1 MiB
    assert found.rows.shape == (4000, 39) and (found.rows.values == 0.125).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": the file has no rows. Expected lines such as '1 qid:7 1:0.5 3:2'."),
        (b"# only this\n", ": the file has no rows."),
        (b"1 1:2\n1 1:x\n", ", line 2, column 3: '1:x'. Expected column:value. Correct the line."),
        (b"\n  a 1:2", ", line 2, column 3: 'a'. Expected a number, the target. Correct the line."),
        (b"1 qid:7 1:2\n1 qid:-7 1:2", ", line 2, column 3: 'qid:-7'. Expected qid: and a whole number of at most 18"),
        (
            b"1 qid:99999999999999999999 1:2",
            ", line 1, column 3: 'qid:99999999999999999999'. Expected qid: and a whole",
        ),
        (b"1 qid:7 1:2\n1 1:2", ", line 2: it has no qid, unlike the lines before it. Expected one in all lines or in"),
        (b"1 1:2\n1 qid:1 1:2", ", line 2: it has a qid, unlike the lines before it. Expected one in all lines or"),
        (b"1 1:2 qid:1", ", line 1, column 7: 'qid:1'. Expected column:value. Correct the line."),
        (
            b"1 2:1 1:1",
            ", line 1, column 7: column 1 of the data after 2. Expected columns to rise, from 1 to 2147483647",
        ),
        (b"1 1:1 1:1", ", line 1, column 7: column 1 of the data after 1. Expected columns to rise"),
        (b"1 0:1", ", line 1, column 3: column 0 of the data after 0. Expected columns to rise, from 1"),
        (b"1 9999999999:1", ", line 1, column 3: column 9999999999 of the data after 0. Expected columns to rise"),
        (b"1 99999999999999999999:1", ", line 1, column 3: '99999999999999999999:1'. Expected column:value."),
        (b"1 1:nan", ", line 1, column 3: '1:nan'. Expected column:value."),
        (b"1 1:1e999", ", line 1, column 3: '1:1e999'. Expected column:value, finite. Correct the line."),
        (b"1e999 1:1", ", line 1, column 1: '1e999'. Expected a number, the target, finite. Correct the line."),
        (b"1 1:1_0", ", line 1, column 3: '1:1_0'. Expected column:value."),
        (b"1 1:\xff\xfe", ", line 1, column 3: '1:\ufffd\ufffd'. Expected column:value."),
        ("1 1:\u0661".encode(), ", line 1, column 3: '1:\u0661'. Expected column:value."),
        (b"1 1 :2", ", line 1, column 3: '1'. Expected column:value."),
    ],
)
def test_a_line_of_another_form_is_named_with_line_and_column(read, content, message):
    with pytest.raises(DataError, match=rf"^\S*data\.txt{re.escape(message)}"):
        read(content)


def test_a_column_beyond_those_that_were_asked_for_is_named(read):
    with pytest.raises(
        DataError, match=r"column 3: column 5 of the data after 0\. Expected columns to rise, from 1 to 4"
    ):
        read(b"1 5:1", columns=4)


def test_a_line_that_never_ends_and_a_bomb_are_refused_before_they_fill_the_memory(read):
    with pytest.raises(DataError, match=r"data\.txt, line 2: it is longer than 16,777,216 bytes\. Expected a row for"):
        read(b"1 1:1\n" + b"1" * 18_000_000)
    with pytest.raises(DataError, match=r"data\.txt: its first .* bytes unpack to more than .*\. At most 100 times"):
        read(gzip.compress((b"#" * 10_000 + b"\n") * 5_000, 1))


def test_long_numbers_that_end_wrongly_take_no_more_time_than_their_length(read):
    # A pattern that could split digits in two ways would try all: 10^10 ways here.
    with pytest.raises(DataError, match=r"line 1, column 3: '1:1{38}'\. Expected column:value\."):
        read(b"1 1:" + b"1" * 100_000 + b"x")


def test_a_missing_file_is_told_by_python_itself(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_svmlight(tmp_path / "none.txt")
