"""Oracles: numpy.loadtxt on numbers written by numpy.savetxt; small tables whose arrays are written out by hand."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from feedforward.data import Table, read_csv
from feedforward.data.cells import is_number
from feedforward.data.delimited import sniff_delimiter
from feedforward.data.sheet import Dialect, read_sheet
from feedforward.errors import DataError

WINE = "alcohol,ash,quality\n12.5,1,5\n13.0,2,6\n11.0,3,5\n"


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="wine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


# what is read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "   ", "|"])
def test_numbers_are_those_that_loadtxt_reads(delimiter, write):
    numbers = np.random.default_rng(1).normal(size=(50, 4)) * 10.0 ** np.arange(-3, 5, 2)
    path = write("\n".join(delimiter.join(repr(float(cell)) for cell in row) for row in numbers))
    expected = np.loadtxt(path, delimiter=delimiter if delimiter.strip() or delimiter == "\t" else None, ndmin=2)
    table = read_csv(path, delimiter="|" if delimiter == "|" else None)
    np.testing.assert_array_equal(table.features, expected)
    assert table.features.dtype == np.float64
    assert table.columns == ("c1", "c2", "c3", "c4")
    assert (table.target, table.labels, table.classes) == (None, None, None)


def test_a_header_names_the_features_and_the_target(write):
    path = write(WINE)
    table = read_csv(path, target="quality")
    assert isinstance(table, Table)
    assert table.path == path
    assert table.columns == ("alcohol", "ash")
    assert table.features.tolist() == [[12.5, 1], [13, 2], [11, 3]]
    assert table.target == "quality"
    assert table.labels.tolist() == [0, 1, 0]
    assert table.labels.dtype == np.int64
    assert table.classes == ("5", "6")


@pytest.mark.parametrize("name", ["wine.csv.gz", "wine.tsv.gz", "wine.tsv"])
def test_tabs_and_gzip_are_read_as_their_endings_say(name, write):
    text = WINE.replace(",", "\t") if "tsv" in name else WINE
    path = write(gzip.compress(text.encode()) if name.endswith("gz") else text, name)
    assert read_csv(path, "quality").features.tolist() == [[12.5, 1], [13, 2], [11, 3]]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + WINE,
        WINE.replace("\n", "\r\n"),
        WINE.replace("\n", "\n\n"),
        "\n  \n" + WINE + "  \n\n",
        WINE.replace(",", " , "),
        WINE.rstrip(),
        '"alcohol","ash","quality"\n"12.5","1","5"\n"13.0",2,6\n11.0,"3",5\n',
        '"alcohol";"ash";"quality"\n12.5;1;"5"\n13.0;2;6\n11.0;3;5\n',
        " alcohol \t ash  quality \n12.5 1\t5  \n  13.0 2 6\n11.0 3 5\n",
        WINE.replace("12.5", "+1.25e1"),
        WINE.replace(",", "|"),
        "sep=;\n" + WINE.replace(",", ";"),
        '"SEP=|"\r\n' + WINE.replace(",", "|"),
        "# measured in 2020, by hand; not checked\n\n# second\n" + WINE,
        "# measured\n" + WINE + "# the end\n#,,\n",
        WINE + "# checked by me\n",
        "# " + WINE,
        "# of 2020\n#" + WINE,
        WINE.replace("\n", ",\n"),
        WINE.replace("\n", ",,\n").replace("quality,,", "quality"),
        WINE.replace("\n", ";\n").replace(",", ";"),
        WINE.encode("utf-16"),
        b"\xfe\xff" + WINE.encode("utf-16-be"),
        "sep=\t\r\n".encode("utf-16") + WINE.replace(",", "\t").encode("utf-16-le"),
    ],
)
def test_the_dress_of_a_file_does_not_matter(text, write):
    table = read_csv(write(text), "quality")
    assert table.columns == ("alcohol", "ash")
    assert table.features.tolist() == [[12.5, 1], [13, 2], [11, 3]]
    assert table.labels.tolist() == [0, 1, 0]


def test_quoted_names_may_hold_the_delimiter_and_a_line_end(write):
    table = read_csv(write('"size, cm","weight\nin kg","a ""b"""\n1,2,3\n'))
    assert table.columns == ("size, cm", "weight\nin kg", 'a "b"')


@pytest.mark.parametrize("cell", ["13\x1c\x0c", "\xa013", "13\u2003", "\uff11\uff13"])
def test_blanks_and_digits_are_those_that_python_knows(cell, write):
    assert read_csv(write(f"a,b\n1,2\n{cell},3\n{cell},4\n")).features.tolist() == [[1, 2], [13, 3], [13, 4]]


@pytest.mark.parametrize("target", ["2", "-1", 2, -1, "c3"])
def test_without_header_a_place_names_the_target(target, write):
    table = read_csv(write("5.1,3.5,setosa\n7.0,3.2,versicolor\n"), target)
    assert table.columns == ("c1", "c2")
    assert table.target == "c3"
    assert table.features.shape == (2, 2)
    assert table.classes == ("setosa", "versicolor")


def test_columns_of_a_file_without_header_have_names_and_places(write):
    path = write("1,2,3\n4,5,9\n")
    assert read_csv(path, columns=["c3", "c1"]).features.tolist() == [[3, 1], [9, 4]]
    assert read_csv(path, columns=["2", "0"]).features.tolist() == [[3, 1], [9, 4]]
    with pytest.raises(DataError, match=r"1 of 1 features have no column: '3'\. Did you mean 'c3'\? The first row was"):
        read_csv(path, columns=["3"])


def test_a_place_works_with_a_header_too(write):
    assert read_csv(write(WINE), "-1").target == "quality"


def test_a_number_in_the_header_above_the_target_is_a_name(write):
    table = read_csv(write("a,b,2020\n1,2,3.5\n4,5,6.25\n"), "2020")
    assert (table.columns, table.target, table.labels.tolist()) == (("a", "b"), "2020", [3.5, 6.25])


def test_columns_choose_and_order_the_features(write):
    path = write("id,b,a,quality\nx1,1,2,9\nx2,3,4,9\n")
    table = read_csv(path, columns=["a", "b"])
    assert table.columns == ("a", "b")
    assert table.features.tolist() == [[2, 1], [4, 3]]


def test_one_column_and_one_row_are_a_table(write):
    assert read_csv(write("petal length\n1.5\n")).features.tolist() == [[1.5]]


def test_the_path_may_be_a_string(write):
    assert read_csv(str(write(WINE))).features.shape == (3, 3)


def column(write, cells, delimiter=","):
    quote = '"' if delimiter == "," else ""
    lines = "".join(f"{quote}{cell}{quote}{delimiter}0\n" for cell in cells)
    return read_csv(write(f"a{delimiter}b\n{lines}"), columns=["a"]).features[:, 0].tolist()


@pytest.mark.parametrize(
    ("cells", "delimiter", "expected"),
    [
        (["1,234", "12", "-1,234,567"], ",", [1234, 12, -1234567]),
        (["1,234"], ",", [1234]),  # decimal commas do not go with comma-separated cells
        (["1,234.5", "0.25"], ";", [1234.5, 0.25]),
        (["1,234,567", "1,234"], ";", [1234567, 1234]),
        (["1,80", "75", "1,234"], ";", [1.8, 75, 1.234]),
        (["1,5", "2"], ",", [1.5, 2]),
        (["0,942", "1,234"], ";", [0.942, 1.234]),  # nobody writes thousands with a zero before them
        (["-0,942", "2"], ",", [-0.942, 2]),
        (["1.234,5", "0,5"], ";", [1234.5, 0.5]),
        (["1.234.567", "1.234"], ";", [1234567, 1234]),
        (["1 234", "5"], ",", [1234, 5]),
        (["1\u00a0234,5", "5"], ";", [1234.5, 5]),
        (["1\u202f234\u202f567", "1'234", "1\u2019234.5"], ",", [1234567, 1234, 1234.5]),
    ],
)
def test_numbers_are_read_in_the_way_that_their_column_writes_them(cells, delimiter, expected, write):
    assert column(write, cells, delimiter) == expected


@pytest.mark.parametrize(
    ("cells", "delimiter", "message"),
    [
        (["5", "1,234"], ";", r"line 3, column 'a': '1,234' may be thousands or a fraction\. Write it without comma"),
        (
            ["1,5", "2.5"],
            ";",
            r"line 2, column 'a': '1,5' writes a number in another way than the column's other cells",
        ),
        (["1.5", "1,234.5", "1.234,5"], ";", r"line 3, column 'a': '1,234\.5' writes a number in another way"),
        (["12,34,567"], ";", r"line 2, column 'a': '12,34,567' is not a number"),
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_named(cells, delimiter, message, write):
    with pytest.raises(DataError, match=message):
        column(write, cells, delimiter)


# the header


@pytest.mark.parametrize(
    ("text", "target", "has_header"),
    [
        ("0,1,2\n0.5,-1.5,1\n0.25,3.5,0\n", "2", True),  # as pandas writes an array
        ("0,1,2\n9,9,1\n8,7,0\n", None, True),
        ("0,1\n0.5,1\n0.25,0\n", "1", True),
        ("2019,2020,2021\n0.5,1.5,2.5\n", None, True),
        ("country,2019,2020,label\nFR,0.5,1.5,a\nDE,0.25,2.5,b\n", -1, True),
        ("id,1,2,3\n7,5,6,7\n8,8,9,1\n", None, True),
        ("a,b,2020\n1,2,5\n", -1, True),
        ("a,b\n" + "x,1\n" * 9 + "a,b\ny,2\n", None, True),  # two files joined: the header comes again
        ("x,y\no,n\n", None, True),
        ("0,1,2\n3,4,5\n6,7,8\n", None, False),  # numpy.arange
        ("0,1,2\n0,1,2\n5,7,8\n", None, False),
        ("0,1\n1,3\n2,5\n", None, False),
        ("1,2,3\n9,9,9\n", None, False),
        ("0,0,1\n0.5,1.5,1\n", None, False),
        ("0,1,2\n", None, False),
        ("x,o,x\nx,x,o\n", None, False),  # tic-tac-toe: an x stands in its column again
        ("M,0.5,15\nF,0.25,7\nM,0.1,9\n", 0, False),
        ("5.1,3.5,setosa\n7.0,3.2,versicolor\n", -1, False),
        ("?,1.5,a\n2.5,3.5,b\n", -1, False),  # a missing value is no name
        ("2024-01-31,a\n2024-02-01,b\n", None, False),  # a date above dates is none of their names
        ("2024-01-31,a\nx,b\n", None, True),
        ("2,1,x\n5,2,y\n", "2", False),  # the target's place is no name that the row holds
    ],
)
def test_a_first_row_is_a_header_or_not(text, target, has_header, write):
    sheet = read_sheet(write(text), known=[] if target is None or is_number(str(target)) else [target])
    names = [cell.strip() for cell in text.split("\n")[0].split(",")]
    assert sheet.has_header == has_header
    assert list(sheet.names) == (names if has_header else [f"c{number}" for number in range(1, len(names) + 1)])


def test_header_says_what_cannot_be_seen(write):
    path = write("0,1\n1,3\n2,5\n")
    assert read_csv(path, header=True).features.tolist() == [[1, 3], [2, 5]]
    assert (
        read_csv(path).features.tolist() == read_csv(path, header=False).features.tolist() == [[0, 1], [1, 3], [2, 5]]
    )


def test_a_row_that_holds_the_wanted_names_is_a_header(write):
    table = read_csv(write("x,y\n1,x\n2,y\n"), "y")
    assert (table.columns, table.classes) == (("x",), ("x", "y"))


# labels


def labels_of(write, cells, **options):
    table = read_csv(write("x,y\n" + "".join(f"{index},{cell}\n" for index, cell in enumerate(cells))), "y", **options)
    return table.labels.tolist(), table.classes


def test_whole_labels_sort_by_value(write):
    assert labels_of(write, ["10", "9", "-1", "10"]) == ([2, 1, 0, 2], ("-1", "9", "10"))


def test_equal_numbers_are_one_class(write):
    assert labels_of(write, ["1", "1.0", "0", "-0"]) == ([1, 1, 0, 0], ("0", "1"))


def test_words_sort_by_code_point(write):
    assert labels_of(write, ["no", "Yes", "no"]) == ([1, 0, 1], ("Yes", "no"))


def test_twenty_whole_values_are_classes_and_twenty_one_a_regression(write):
    assert labels_of(write, range(20))[1] == tuple(map(str, range(20)))
    assert labels_of(write, range(21)) == (list(range(21)), None)


def test_fractions_are_a_regression(write):
    assert labels_of(write, ["0.5", "1", "0.5"]) == ([0.5, 1, 0.5], None)


def test_a_regression_has_float64_labels(write):
    table = read_csv(write(WINE), "quality", task="regression")
    assert table.labels.dtype == np.float64
    assert (table.labels.tolist(), table.classes) == ([5, 6, 5], None)


def test_numbers_that_float32_cannot_tell_apart_stay_apart(write):
    table = read_csv(write("t,y\n100000000,200000001.25\n100000003,200000001.5\n"), "y")
    assert table.features.tolist() == [[100000000], [100000003]]
    assert table.labels.tolist() == [200000001.25, 200000001.5]


def test_fractions_are_classes_if_the_user_says_so(write):
    assert labels_of(write, ["0.5", "1", "0.5"], task="classification") == ([0, 1, 0], ("0.5", "1"))


def test_numbers_and_words_are_classes_if_the_user_says_so(write):
    assert labels_of(write, ["1", "other", "1"], task="classification") == ([0, 1, 0], ("1", "other"))


def test_known_classes_give_the_indices(write):
    assert labels_of(write, ["b", "b"], classes=["c", "a", "b"]) == ([2, 2], ("c", "a", "b"))
    assert labels_of(write, ["1.0", "3"], classes=("1", "2", "3")) == ([0, 2], ("1", "2", "3"))


# files that cannot be used


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: no such file\. A CSV or TSV file is expected\. Check"):
        read_csv(tmp_path / "nowhere.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r": a folder\. A CSV or TSV file is expected\. Give the path of a file in it"):
        read_csv(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"wine\.csv: the file is empty\. A header and at least one row"),
        (b"\xef\xbb\xbf\r\n \r\n", r"wine\.csv: the file is empty"),
        (b'""\n', r"wine\.csv: the file has no rows"),
        (b"a,b\n\n", r"wine\.csv, line 1: only a header\. At least one row of data is expected"),
        (
            b"a,b\n\xc3\xa4,2\ncaf\xe9,\xc3\xbc\n",
            r"wine\.csv, line 3: byte 0xe9 is not UTF-8\. .* Save the table as 'CSV UTF-8', or give",
        ),
        (b"a,b\nM\x81ller,3\n", r"wine\.csv, line 2: byte 0x81 is not UTF-8"),  # code page 437: not Windows-1252
        ("a,b\n1,2\n".encode("utf-16")[:-1], r"wine\.csv, line 2: byte 0x0a is not UTF-16\. UTF-8 text is expected"),
        ("a,b\n1,\0\n".encode("utf-16"), r"wine\.csv: a binary file, it holds zero bytes"),
        ("a,b\n1,2\n".encode("utf-16")[2:], r"wine\.csv: a binary file, it holds zero bytes"),
        ("a,b\n1,2\n".encode("utf-32"), r"wine\.csv: a binary file, it holds zero bytes"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0",
            r"wine\.csv: a binary file, it holds zero bytes\. UTF-8 text is expected\. Export",
        ),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], r"wine\.csv: its gzip stream is damaged"),
        (b'a,b\n1,2\n"3,4\n5,6\n', r"wine\.csv, line 3: the row that begins here is wrongly quoted \(unexpected end"),
        (b'a,b\n"1"x,2\n', r"wine\.csv, line 2: the row that begins here is wrongly quoted .* Correct the quotes\.$"),
        (
            b"a,b\n1,2\n\n3\n",
            r"wine\.csv, line 4: 1 cells, but line 1 has 2 \(delimiter ','\)\. Every row needs the same",
        ),
        (b"a,b\n1,2\n3,4,5\n", r"wine\.csv, line 3: 3 cells, but line 1 has 2"),
        (b"a,b,a\n1,2,3\n", r"wine\.csv, line 1: two columns are called 'a', number 1 and number 3\. .* Rename one"),
        (b",a,b\n0,1,2\n", r"wine\.csv, line 1: column 1 of 3 has no name\. .*to_csv\(index=False\)"),
    ],
)
def test_a_file_that_is_no_table_says_why(content, message, write):
    with pytest.raises(DataError, match=message):
        read_csv(write(content))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", r"'abc' is not a number\. Every feature must be a number; encode or drop the column\.$"),
        ("", r"the cell is empty\. Every feature needs a value; fill it in, or drop its row or the column\.$"),
        ("  ", r"the cell is empty"),
        ("?", r"the cell is missing \('\?'\)\. Every feature needs a value; fill it in, or drop its row or the column"),
        ("nan", r"the cell is missing \('nan'\)\."),
        ("+NaN", r"the cell is missing \('\+NaN'\)\."),
        ("<NA>", r"the cell is missing"),
        ("N/A", r"the cell is missing"),
        (
            "-inf",
            r"'-inf' is not finite in float32\. Correct it \(at most 3\.4e\+38\), or drop its row or the column\.",
        ),
        ("1e39", r"'1e39' is not finite in float32"),
        ("1_000", r"'1_000' is not a number"),
        ('"1,5,0"', r"'1,5,0' is not a number"),
        ("$5", r"'\$5' is not a number"),
        ("x" * 60, r"'x{37}\.\.\.' is not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_line_and_column(cell, message, write):
    path = write(f"ash,alcohol\n\n1,2\n\n3,{cell}\n5,6\n")
    with pytest.raises(DataError, match=r"wine\.csv, line 5, column 'alcohol': " + message):
        read_csv(path)


def test_the_line_counts_the_line_ends_inside_quotes(write):
    path = write('"a\nb",c\r\n1,2\r\n3,x\r\n')
    with pytest.raises(DataError, match=r"line 4, column 'c': 'x' is not a number"):
        read_csv(path)


def test_a_faulty_cell_in_a_column_that_is_not_wanted_is_no_fault(write):
    assert read_csv(write("a,b\n1,x\n"), columns=["a"]).features.tolist() == [[1]]


# encodings


def text_of(write, content, encoding=None):
    sheet = read_sheet(write(content), dialect=Dialect(encoding=encoding))
    return sheet.names, [cell for row in sheet.rows.cells for cell in row], sheet.rows.encoding


CITIES = "城市,人口\n北京,2189\n上海市,2487\n“广州”,1868\n"
MEALS = "Speise,Preis\nKäse,3\nBrötchen süß,1\ncafé crème \u2013 naïve,2 €\n"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (CITIES, "gb2312", "GB18030"),
        (CITIES, "gbk", "GB18030"),
        (CITIES + "㐂𠀀,1\n", "gb18030", "GB18030"),  # characters of four bytes
        ("\ufeff" + CITIES, "gb18030", "GB18030"),
        ("a,b\n是,1\n", "gbk", "GB18030"),
        (MEALS, "cp1252", "Windows-1252"),
        (MEALS.replace("\u2013", "-").replace("€", "E"), "latin-1", "Windows-1252"),
        ("a,b\ncréée,1\n", "latin-1", "Windows-1252"),  # two letters beyond ASCII in a row are GB2312's level 2
        ("a,b\nÀ LA CARTE,1\n", "latin-1", "Windows-1252"),
        (CITIES, "utf-8", "UTF-8"),
        (MEALS, "utf-8-sig", "UTF-8"),
        (CITIES, "utf-16", "UTF-16"),
    ],
)
def test_the_encoding_is_found(text, encoding, name, write):
    names, cells, found = text_of(write, text.encode(encoding))
    lines = [line.split(",") for line in text.removeprefix("\ufeff").splitlines()]
    assert (list(names), cells, found) == (lines[0], [cell for line in lines[1:] for cell in line], name)


def test_the_encoding_that_the_user_gives_is_taken(write):
    assert text_of(write, "a,b\nЖизнь,1\n".encode("cp1251"), "cp1251")[1] == ["Жизнь", "1"]
    assert text_of(write, "a,b\né,1\n".encode(), "latin-1")[1] == ["Ã©", "1"]
    assert text_of(write, "a,b\né,1\n".encode("utf-16-le"), "utf-16-le")[1:] == (["é", "1"], "utf-16-le")
    assert read_csv(write("a,ä\n1,2\n".encode("cp437")), encoding="cp437").columns == ("a", "ä")
    with pytest.raises(DataError, match=r"wine\.csv, line 2: byte 0xe9 is not utf-8\. Give the encoding that the file"):
        text_of(write, b"a,b\ncaf\xe9,1\n", "utf-8")
    with pytest.raises(DataError, match=r"wine\.csv: a binary file, it holds zero bytes"):
        text_of(write, "a,b\n".encode("utf-16"), "latin-1")


@pytest.mark.parametrize("encoding", ["rot13", "hex", "utf-9", "a\0b", ""])
def test_what_is_no_encoding_is_refused(encoding, write):
    with pytest.raises(ValueError, match=r"^Unknown encoding .*\. (Did you mean|Known: )"):
        read_csv(write(WINE), encoding=encoding)


def test_a_dash_is_a_class_beside_a_plus_and_a_gap_elsewhere(write):
    assert labels_of(write, ["+", "-", "+"]) == ([0, 1, 0], ("+", "-"))
    assert labels_of(write, ["-", "-"], classes=["+", "-"]) == ([1, 1], ("+", "-"))
    with pytest.raises(
        DataError, match=r"line 3, column 'y': the cell is missing \('-'\)\. Every target needs a value"
    ):
        labels_of(write, ["yes", "-"])


# columns and targets that cannot be used


def test_an_unknown_target_offers_the_nearest(write):
    with pytest.raises(DataError, match=r"no column 'qualty' for the target among 3\. Did you mean 'quality'\?$"):
        read_csv(write(WINE), "qualty")


def test_a_target_beyond_the_last_column_lists_the_columns(write):
    with pytest.raises(
        DataError, match=r"no column '3' for the target among 3\. The file has: 'alcohol', 'ash', 'qual"
    ):
        read_csv(write(WINE), 3)


def test_an_unknown_target_beside_odd_names_lists_the_columns(write):
    with pytest.raises(DataError, match=r"no column 'quality' for the target among 2\. The file has: '_id', 'a__b'\.$"):
        read_csv(write("_id,a__b\n1,2\n"), "quality")


def test_a_named_target_without_header_says_that_there_is_none(write):
    with pytest.raises(
        DataError, match=r"no column 'kind' .* The first row was taken for data, so the columns are called c1, c2,"
    ):
        read_csv(write("1,2,a\n3,4,b\n"), "kind")


def test_missing_features_are_listed(write):
    with pytest.raises(DataError, match=r"2 of 3 features have no column: 'alcool', 'hue'\. Did you mean 'alcohol'\?"):
        read_csv(write(WINE), columns=["alcool", "ash", "hue"])


def test_many_missing_features_are_counted(write):
    with pytest.raises(
        DataError, match=r"12 of 12 features .*'p9', \.\.\. \(2 more\)\. The file has: 'alcohol', 'ash'"
    ):
        read_csv(write(WINE), columns=[f"p{index}" for index in range(12)])


def test_a_table_of_only_a_target_has_no_features(write):
    with pytest.raises(DataError, match=r"no feature columns left, the only column 'y' is the target\. At least one"):
        read_csv(write("y\n1\n2\n"), "y")


@pytest.mark.parametrize("options", [{}, {"task": "classification"}])
def test_a_target_with_one_class_is_refused(options, write):
    message = r"column 'y': all 3 rows have the label '7'\. A classification needs at least two classes\. Give another"
    with pytest.raises(DataError, match=message):
        labels_of(write, [7, 7, 7], **options)


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (["a", ""], {}, r"line 3, column 'y': the cell is empty\. Every target needs a value; fill it in"),
        (
            ["1", "nan"],
            {},
            r"line 3, column 'y': the cell is missing \('nan'\)\. .* If it is a class, call it otherwise",
        ),
        (["1", "nan"], {"task": "classification"}, r"line 3, column 'y': the cell is missing"),
        (
            ["no", "NA", "?"],
            {},
            r"line 3, column 'y': the cell is missing \('NA'\), as are 2 of 3\. Every target needs",
        ),
        (["no", "None"], {}, r"line 3, column 'y': the cell is missing \('None'\)"),
        (["no", "?"], {"classes": ["no", "yes"]}, r"line 3, column 'y': the cell is missing"),
        (["1.5", "inf"], {"task": "regression"}, r"line 3, column 'y': 'inf' is not finite"),
        (["1.5", "b"], {"task": "regression"}, r"line 3, column 'y': 'b' is not a .* give task=\"classification\"\.$"),
        (["1.5", "b"], {}, r"line 3, column 'y': 'b' is a word, but line 2 has the number 1\.5\. Labels must be all"),
        (
            ["a", "b"],
            {"classes": ["a", "c"]},
            r"line 3, column 'y': label 'b' is out of range\. The 2 known classes are",
        ),
        (["0", "3"], {"classes": ["0", "1", "2"]}, r"line 3, column 'y': label '3' is out of range\. The 3 known"),
    ],
)
def test_a_label_that_cannot_be_used_is_named_by_line_and_column(cells, options, message, write):
    with pytest.raises(DataError, match=r"wine\.csv, " + message):
        labels_of(write, cells, **options)


# arguments that no file could satisfy


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"columns": "alcohol"}, TypeError, r"^columns must be a sequence of str or None\. Got 'alcohol'\.$"),
        ({"classes": [5, 6]}, TypeError, r"^classes must be a sequence of str or None\. Got \[5, 6\]\.$"),
        ({"columns": []}, ValueError, r"^columns must be distinct names, at least one\. Got \[\]\.$"),
        ({"columns": ["a", "a"]}, ValueError, r"^columns must be distinct names"),
        ({"columns": ["quality"]}, ValueError, r"^columns has the target 'quality'\. A target is no feature"),
        ({"task": "regresion"}, ValueError, r"^Unknown task 'regresion'\. Did you mean 'regression'\?$"),
        ({"classes": ["5"], "task": "regression"}, ValueError, r"^classes were given with target='quality' and task="),
        ({"classes": ["5"], "target": None}, ValueError, r"^classes were given with target=None"),
        ({"delimiter": "||"}, ValueError, r"^delimiter must be one character, .* Got '\|\|'\.$"),
        ({"delimiter": '"'}, ValueError, r"^delimiter must be one character"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(options, error, message, write):
    with pytest.raises(error, match=message):
        read_csv(write(WINE), **{"target": "quality", **options})


# the delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("1,\t2,\t3\n4,\t5,\t6\n", ","),
        ('"a,b,c"\t"d"\n1\t2\n', "\t"),
        ("a;b;c\n1;2;3\n4;5\n", ";"),
        ("petal length\n1.5\n", ","),
        ("1  2 \t 3\n4 5 6\n", " "),
        ("1\n2\n", ","),
        ("a|b,c\n1|2\n3|4\n", "|"),
        ("# a, b; c\n1;2\n3;4\n", ";"),
        ('a\tb\n1\t"2\n', "\t"),
    ],
)
def test_the_delimiter_is_found(text, delimiter):
    assert sniff_delimiter(text) == delimiter


# files made to take memory or time


def test_a_gzip_bomb_is_stopped_before_it_fills_the_memory(write):
    part = b"1,2\n" * 2**18
    path = write(gzip.compress(part) * 10_000, "bomb.csv.gz")  # 10 MB become 10 GB of honest rows
    tracemalloc.start()
    try:
        with pytest.raises(
            DataError,
            match=r"bomb\.csv\.gz: its first [\d,]+ bytes unpack to more than 3\d,\d{3},\d{3}\. At most 100 tim",
        ):
            read_csv(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - path.stat().st_size < 50 * 2**20  # 32 MiB of text and how a bytearray grows


def test_a_short_table_may_pack_as_well_as_it_can(write):
    assert read_csv(write(gzip.compress(b"1,2\n" * 50_000), "same.csv.gz")).features.shape == (50_000, 2)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a file without end")
def test_a_device_without_end_is_given_up_at_its_first_zero_byte():
    with pytest.raises(DataError, match=r"^/dev/zero: a binary file, it holds zero bytes\."):
        read_csv("/dev/zero")


def test_a_hundred_thousand_columns_take_no_square_of_their_number(write):
    # 100,000 names looked for one after the other are 5e9 comparisons: minutes.
    names = [f"c{index}" for index in range(100_000)]
    path = write(",".join(names) + "\n" + ",".join(["1"] * len(names)) + "\n")
    with pytest.raises(DataError, match=r"no column 'kind' for the target among 100000\."):
        read_csv(path, target="kind")
    with pytest.raises(DataError, match=r"1 of 100001 features have no column: 'kind'"):
        read_csv(path, columns=[*names, "kind"])


def test_a_point_that_ends_a_label_is_no_other_class(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("a,y\n1,>50K.\n2,<=50K.\n3,>50K\n4,c.\n")  # so the test part of adult has them
    table = read_csv(path, "y", classes=["<=50K", ">50K", "c", "c."])
    assert table.labels.tolist() == [1, 0, 1, 3]
