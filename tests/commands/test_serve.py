"""Oracles: `feedforward predict` on the same rows in a file; the standard library's HTTP client, and raw sockets for
what no client sends (RFC 9110, RFC 9112); messages written out.
"""

import contextlib
import csv
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from click.testing import CliRunner

import feedforward as ff
from feedforward.commands.cli import main
from feedforward.commands.serving import server as server_module
from feedforward.commands.serving.rows import MOST_ROWS
from feedforward.commands.serving.served import served
from feedforward.commands.serving.server import MOST_BYTES, Server
from feedforward.errors import DataError, FormatError

COLOURS, ANSWERS = ("red", "green", "blue"), ("yes", "no")
JSON_LINE = "Content-Type: application/json"
JSON = {"Content-Type": "application/json"}


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def write_table(path, n=90):
    """Write a table of a number with gaps, a text, an answer, a column that is dropped, a class and a price."""
    draw = np.random.default_rng(3)
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["size", "colour", "is_new", "note", "kind", "price"])
        for row in range(n):
            size, colour, answer = draw.normal(5, 2), draw.integers(3), draw.integers(2)
            cell = "" if row % 17 == 5 else f"{size:.3f}"
            kind = "big" if size + 2 * answer > 6 else "small"
            price = f"{1000 * size - 300 * colour:.2f}"
            writer.writerow([cell, COLOURS[colour], ANSWERS[answer], f"words {row}", kind, price])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, and models that were trained on it: to classes, to numbers, and of images."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_table("t.csv")
        short = ["--epochs", 3, "--no-report", "--quiet", "--layers", 8]
        run("train", "t.csv", "--target", "kind", "--drop", "note", "--drop", "price", "--output", "kind.ff", *short)
        run("train", "t.csv", "--target", "price", "--drop", "note", "--drop", "kind", "--output", "price.ff", *short)
        run("train", "digits", "--output", "digits.ff", "--epochs", 1, "--no-report", "--quiet", "--layers", 8)
    return folder


@contextlib.contextmanager
def serving(model, host="127.0.0.1"):
    with Server(model, host, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def loaded(folder, name):
    return served(ff.load(folder / name), str(folder / name))


@pytest.fixture(scope="module")
def kind(folder):
    return loaded(folder, "kind.ff")


@pytest.fixture(scope="module")
def server(kind):
    with serving(kind) as server:
        yield server


@pytest.fixture
def connection(server):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)) as connection:
        yield connection


def ask(connection, method="GET", path="/", body=None, headers=JSON):
    """Return status and JSON of an answer."""
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    content = response.read()
    assert response.getheader("Content-Type") == "application/json"
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control")]
    return response.status, json.loads(content) if method != "HEAD" else content


def predict(connection, rows):
    return ask(connection, "POST", "/predict", json.dumps({"rows": rows}))


def raw(server, content: bytes, timeout=20) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout) as connection:
        connection.sendall(content)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def head(server, *lines, host=None) -> bytes:
    host = f"127.0.0.1:{server.server_port}" if host is None else host
    return "\r\n".join([lines[0], f"Host: {host}", *lines[1:], "", ""]).encode("latin-1")


ROW = {"size": 5.5, "colour": "red", "is_new": "yes"}

# What it answers


@pytest.mark.parametrize("name", ["kind", "price"])
def test_predictions_are_those_of_the_command_line_on_the_same_rows(folder, name):
    with open(folder / "t.csv", newline="") as stream:
        table = list(csv.DictReader(stream))
    rows = [
        {"size": float(row["size"]) if row["size"] else None, "colour": row["colour"], "is_new": row["is_new"]}
        for row in table
    ]
    expected = list(csv.DictReader(io.StringIO(run("predict", folder / f"{name}.ff", folder / "t.csv"))))
    with serving(loaded(folder, f"{name}.ff")) as server:
        port = server.server_port
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            status, answer = predict(connection, rows)
    assert status == 200 and "unknown" not in answer
    if name == "price":
        # the file has seven digits
        np.testing.assert_allclose(answer["predictions"], [float(row["prediction"]) for row in expected], rtol=1e-6)
        return
    assert answer["predictions"] == [row["class"] for row in expected]
    for said, row, given in zip(answer["predictions"], expected, answer["probabilities"], strict=True):
        assert given[said] == pytest.approx(float(row["probability"]), rel=1e-5)  # the file has six digits
        assert list(given) == ["big", "small"] and sum(given.values()) == pytest.approx(1, abs=1e-6)  # float32


def test_a_list_of_values_in_the_order_of_the_columns_is_the_same_row(connection):
    assert predict(connection, [list(ROW.values())]) == predict(connection, [ROW])


def test_the_order_of_the_columns_and_those_that_the_table_had_besides_do_not_matter(connection):
    more = {"price": 3, "is_new": "yes", "kind": "big", "colour": "red", "note": None, "size": 5.5}
    assert predict(connection, [more]) == predict(connection, [ROW])


def test_yes_and_no_are_taken_as_true_and_false_and_null_as_a_gap(connection):
    assert predict(connection, [{**ROW, "is_new": True}]) == predict(connection, [ROW])
    status, answer = predict(connection, [{"size": None, "colour": None, "is_new": None}])
    assert status == 200 and "unknown" not in answer


def test_values_that_nothing_was_learnt_of_are_counted(connection):
    status, answer = predict(connection, [{**ROW, "colour": "pink"}, {**ROW, "colour": "mauve", "is_new": "maybe"}])
    assert (status, answer["unknown"]) == (200, {"colour": 2, "is_new": 1})


def test_rows_in_one_request_are_answered_as_each_alone(connection):
    rows = [{**ROW, "size": size} for size in (1, 4.25, 9)]
    together = predict(connection, rows)[1]
    alone = [predict(connection, [row])[1] for row in rows]
    assert together["probabilities"] == [answer["probabilities"][0] for answer in alone]


def test_the_start_page_says_what_a_row_is_and_its_example_is_one(connection):
    status, said = ask(connection)
    assert status == 200
    assert (said["model"], said["task"], said["target"]) == ("kind.ff", "classification", "kind")
    assert said["classes"] == ["big", "small"] and said["feedforward"] == ff.__version__
    assert said["columns"] == [
        {"name": "size", "type": "number", "null": True},
        {"name": "colour", "type": "text", "values": ["blue", "green", "red"], "null": True},
        {"name": "is_new", "type": "yes/no", "null": True},
    ]
    assert sorted(said["ignored"]) == ["kind", "note", "price"]
    assert said["limits"] == {"rows": MOST_ROWS, "bytes": MOST_BYTES}
    assert ask(connection, "POST", "/predict", json.dumps(said["example"]))[0] == 200


def test_health_is_answered(connection):
    assert ask(connection, path="/health") == (200, {"status": "ok"})


def test_a_connection_is_kept_for_many_requests_after_a_refused_row_too(connection):
    assert predict(connection, [ROW])[0] == 200
    before = connection.sock.getsockname()
    assert predict(connection, [{}])[0] == 422
    assert predict(connection, [ROW])[0] == 200
    assert connection.sock.getsockname() == before


def test_two_requests_sent_at_once_are_answered_in_their_order(server):
    body = json.dumps({"rows": [ROW]}).encode()
    post = head(server, "POST /predict HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}")
    answer = raw(server, post + body + head(server, "GET /health HTTP/1.1", "Connection: close"))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200"]
    assert answer.endswith(b'{"status": "ok"}\n') and answer.index(b"predictions") < answer.index(b"status")


def write_more(path, n=80):
    """Write a table of a number with gaps, numbers that are names, a date, an answer, a text of many values."""
    draw = np.random.default_rng(8)
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["size", "zone", "day", "paid", "street", "kind"])
        for row in range(n):
            size, zone = draw.normal(5, 2), draw.integers(3)
            cell = "" if row % 17 == 5 else f"{size:.3f}"
            day = str(np.datetime64("2020-01-01") + draw.integers(400))
            street = f"street {draw.integers(12)}"
            writer.writerow([cell, zone, day, ANSWERS[draw.integers(2)], street, "big" if size + zone > 6 else "small"])


@pytest.fixture(scope="module")
def more(tmp_path_factory):
    """A folder with such a table, and models of both kinds that were trained on it."""
    folder = tmp_path_factory.mktemp("more")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_more("m.csv")
        for name in ("mlp", "realmlp"):
            options = ["--model", name, "--categorical", "zone", "--epochs", 2, "--no-report", "--quiet"]
            run("train", "m.csv", "--target", "kind", "--output", f"{name}.ff", *options)
    return folder


@pytest.mark.parametrize("name", ["mlp", "realmlp"])
def test_dates_categories_of_numbers_and_embedded_texts_are_those_of_the_command_line(more, name):
    with open(more / "m.csv", newline="") as stream:
        table = list(csv.DictReader(stream))
    convert = {
        "size": lambda cell: float(cell) if cell else None,
        "zone": int,
        "day": str,
        "paid": lambda cell: cell == "yes",
        "street": str,
    }
    rows = [{column: made(row[column]) for column, made in convert.items()} for row in table]
    expected = list(csv.DictReader(io.StringIO(run("predict", more / f"{name}.ff", more / "m.csv"))))
    model = loaded(more, f"{name}.ff")
    answer = model.answer(rows)
    assert answer["predictions"] == [row["class"] for row in expected] and "unknown" not in answer
    for said, row, given in zip(answer["predictions"], expected, answer["probabilities"], strict=True):
        assert given[said] == pytest.approx(float(row["probability"]), rel=1e-5)  # the file has six digits
    assert [(one["name"], one["type"]) for one in model.description["columns"]] == [
        ("size", "number"),
        ("zone", "number"),
        ("day", "date"),
        ("paid", "yes/no"),
        ("street", "text"),
    ]
    assert model.description["columns"][1]["values"] == ["0", "1", "2"]
    assert re.fullmatch(r"2020-\d\d-\d\d|2021-\d\d-\d\d", model.example["day"]) and model.example["zone"] == 0
    unknown = model.answer([{**rows[0], "zone": 7, "street": "nowhere", "paid": "perhaps"}])["unknown"]
    assert unknown == {"zone": 1, "street": 1, "paid": 1}
    assert model.answer([dict.fromkeys(convert)])["predictions"][0] in ("big", "small")


@pytest.mark.parametrize("name", ["mlp", "realmlp"])
@pytest.mark.parametrize("day", ["2020-02-30", "yesterday", "today", "NaT", "", "1", "2020-01-01T99:00", 20])
def test_what_is_no_date_is_refused(more, name, day):
    model = loaded(more, f"{name}.ff")
    with pytest.raises(DataError, match=r"^row 0, column 'day': got .*\. Expected a date such as 2020-12-31 or null\."):
        model.answer([{**model.example, "day": day}])


@pytest.mark.parametrize("is_named", [True, False])
def test_an_estimators_model_answers_as_the_estimator_predicts(tmp_path, is_named):
    import pandas

    from feedforward.sklearn import TabularClassifier, TabularRegressor

    draw = np.random.default_rng(1)
    sizes = np.where(np.arange(60) % 9 == 4, np.nan, draw.normal(size=60))
    words, flags = np.array(["red", "blue", "green"])[np.arange(60) % 3], np.arange(60) % 2 == 0
    labels = (np.nan_to_num(sizes) > 0).astype(int) + 3
    x = pandas.DataFrame({"size": sizes, "word": words, "flag": flags, "empty": np.full(60, None)})
    if not is_named:
        x = np.array(list(zip(sizes, words, flags, [None] * 60, strict=True)), dtype=object)
    classifier = TabularClassifier(epochs=2, random_state=0).fit(x, labels)
    classifier.model_.save(tmp_path / "c.ff")
    model = loaded(tmp_path, "c.ff")
    names = ["size", "word", "flag"] if is_named else ["x0", "x1", "x2"]
    assert [one["name"] for one in model.description["columns"]] == names
    assert model.description["classes"] == [3, 4] and model.description["ignored"] == ["empty" if is_named else "x3"]
    values = zip(
        [None if np.isnan(size) else size for size in sizes.tolist()], words.tolist(), flags.tolist(), strict=True
    )
    rows = [dict(zip(names, row, strict=True)) for row in values]
    answer = model.answer(rows)
    assert answer["predictions"] == classifier.predict(x).tolist()
    given = [list(row.values()) for row in answer["probabilities"]]
    # an estimator divides them by their sum, which float32 rounds
    np.testing.assert_allclose(given, classifier.predict_proba(x), rtol=4 * np.finfo(np.float32).eps)
    regressor = TabularRegressor(epochs=2, random_state=0).fit(x, labels * 2.5)
    regressor.model_.save(tmp_path / "r.ff")
    np.testing.assert_array_equal(
        loaded(tmp_path, "r.ff").answer(rows)["predictions"], regressor.predict(x).astype(float)
    )


def test_images_are_answered_as_the_command_line_does(folder):
    (_, _), (images, _) = ff.datasets.load("digits") if hasattr(ff.datasets, "load") else ff.datasets.digits.load_data()
    model = loaded(folder, "digits.ff")
    expected = list(csv.DictReader(io.StringIO(run("predict", folder / "digits.ff", "digits"))))[:5]
    for rows in (images[:5].tolist(), images[:5].reshape(5, -1).tolist()):
        assert model.answer(rows)["predictions"] == [row["class"] for row in expected]
    assert model.description["shape"] == [8, 8] and model.description["dtype"] == "uint8"
    assert list(model.answer([model.example])["probabilities"][0]) == list("0123456789")


def test_a_network_made_in_python_answers_with_its_outputs(tmp_path):
    ff.set_seed(0)
    network = ff.Sequential([ff.Input((3,)), ff.layers.Dense(2)])
    model = served(network, "own.ff")
    x = [[1, 2.5, -3], [0, 0, 0]]
    assert model.answer(x)["predictions"] == network.predict(np.array(x, np.float32), verbose=0).tolist()
    one = served(ff.Sequential([ff.Input((3,)), ff.layers.Dense(1)]), "own.ff")
    assert isinstance(one.answer(x)["predictions"][0], float)


# What it refuses of rows

WRONG_ROWS = [
    ([], r"^rows is a list of 0\. Expected a list of 1 to 4,096 rows"),
    ({}, r"^rows is an object\. Expected a list"),
    (None, r"^rows is null\. Expected a list"),
    ("abc", r"^rows is the string 'abc'\. Expected a list"),
    ([ROW] * (MOST_ROWS + 1), r"^rows is a list of 4097\. Expected a list of 1 to 4,096 rows\. Send as many at a time"),
    ([7], r"^row 0 is 7\. Expected an object of columns and values, or every row a list\. Give \{'size': \.\.\.\}\.$"),
    ([ROW, [1, "red", "yes"]], r"^row 1 is a list\. Expected an object"),
    (
        [[1, "red", "yes"], ROW],
        r"^row 1 is an object\. Expected a list of 3 values, in the order of the columns: 'size',",
    ),
    ([[1, "red"]], r"^row 0 is a list of 2\. Expected a list of 3 values"),
    (
        [ROW, {"size": 1, "colour": "red"}],
        r"^row 1 says nothing of 'is_new'\. Expected 'size', 'colour', 'is_new'\. Giv",
    ),
    ([{}], r"^row 0 says nothing of 'size', 'colour', 'is_new'"),
    ([{"size": 1, "color": "red", "is_new": True}], r"no column of the table: 'color'.*Did you mean 'colour'\?"),
    ([{**ROW, "zzzzzzz": 1}], r"^row 0 has what is no column of the table: 'zzzzzzz'\. Expected .*\. Leave it out\.$"),
    (
        [ROW, {**ROW, "size": "5"}],
        r"^row 1, column 'size': got the string '5'\. Expected a number or null\. Correct it",
    ),
    ([{**ROW, "size": True}], r"column 'size': got true\. Expected a number or null"),
    ([{**ROW, "size": [1]}], r"column 'size': got a list\. Expected a number or null"),
    ([{**ROW, "size": 1e39}], r"column 'size': got 1e\+39\. Expected a number up to 3\.4e\+38"),
    ([{**ROW, "size": -(10**60)}], r"column 'size': got -1e\+60\. Expected a number up to"),
    ([{**ROW, "size": 10**400}], r"column 'size': got a number of more than 100 digits\. Expected a number up to"),
    ([{**ROW, "colour": 7}], r"column 'colour': got 7\. Expected a string or null"),
    ([{**ROW, "colour": {}}], r"column 'colour': got an object\. Expected a string or null"),
    ([{**ROW, "is_new": 1}], r"column 'is_new': got 1\. Expected true, false, a string or null"),
]


@pytest.mark.parametrize(("rows", "message"), WRONG_ROWS, ids=[message[:40] for _, message in WRONG_ROWS])
def test_rows_that_the_table_could_not_have_are_refused_in_words(kind, rows, message):
    with pytest.raises(DataError, match=message):
        kind.answer(rows)


def test_a_number_that_leads_to_no_finite_prediction_is_refused(folder):
    model = loaded(folder, "price.ff")
    assert model.answer([ROW])["predictions"]
    with pytest.raises(
        DataError, match=r"^row 1: the network gives no finite number for it\. Expected numbers like those"
    ):
        model.answer([ROW, {**ROW, "size": -3e38}, {**ROW, "size": 3e38}])


def test_a_refused_row_is_status_422_and_one_message(connection):
    status, answer = predict(connection, [{**ROW, "size": "5"}])
    assert (status, list(answer)) == (422, ["error"])
    assert answer["error"].startswith("row 0, column 'size': got the string '5'.")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [[1, 2]],
            r"^row 0 is a list that makes no array of shape \(8, 8\)\. Expected 64 numbers in lists of that shape",
        ),
        ([[[0] * 8] * 7 + [[0] * 7]], r"^row 0 is a list that makes no array"),
        ([[0] * 63 + ["a"]], r"^row 0 is a list that makes no array"),
        ([[0] * 63 + [None]], r"^row 0 is a list that makes no array"),
        ([5], r"^row 0 is 5 that makes no array"),
        (
            [[0] * 64, [0] * 63 + [256]],
            r"^row 1 has 256 at \(7, 7\)\. Expected whole numbers from 0 to 255\. Correct it",
        ),
        ([[0.5] + [0] * 63], r"^row 0 has 0\.5 at \(0, 0\)\. Expected whole numbers from 0 to 255"),
        ([[10**30] + [0] * 63], r"^row 0 is a list that makes no array|^row 0 has 1e\+30 at"),
    ],
)
def test_images_of_another_shape_or_range_are_refused(folder, rows, message):
    with pytest.raises(DataError, match=message):
        loaded(folder, "digits.ff").answer(rows)


def test_a_network_of_two_inputs_is_not_served():
    a, b = ff.Input((2,)), ff.Input((3,))
    model = ff.Model([a, b], ff.layers.Dense(1)(ff.layers.Concatenate()([a, b])))
    with pytest.raises(FormatError, match=r"^two\.ff has 2 inputs and 1 outputs, of shapes .* Serve a model of them"):
        served(model, "two.ff")


def test_a_column_without_a_median_takes_no_null(folder):
    network = ff.load(folder / "kind.ff")
    del network.metadata["table"]["columns"][0]["median"]
    model = served(network, "kind.ff")
    with pytest.raises(
        DataError, match=r"^row 0, column 'size': got null, and nothing is known that could stand for it"
    ):
        model.answer([{**ROW, "size": None}])
    assert model.answer([ROW])["predictions"]


# What it refuses of requests


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        (b'{"rows": [{"size": NaN}]}', 400, "NaN is no number of JSON; null stands for what is missing"),
        (b'{"rows": [{"size": -Infinity}]}', 400, "-Infinity is no number"),
        (b'{"rows": [{"size": 1, "size": 2}]}', 400, "'size' stands twice in an object"),
        (b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "nested too deep"),
        (b'{"rows": [' + b"9" * 5000 + b"]}", 400, "no JSON"),
        (b"[]", 422, 'The body must be {"rows": [...]}, and nothing else. Got a list.'),
        (b'"rows"', 422, "Got the string 'rows'."),
        (b"{}", 422, "and nothing else"),
        (b'{"rows": [], "more": 1}', 422, "Got 'rows', 'more'."),
        (b'{"rows": [{"\\ud800": 1}]}', 422, "no column of the table"),
        (b'{"rows": [{"size": 1e999, "colour": "red", "is_new": true}]}', 422, "got inf"),
    ],
)
def test_bodies_that_are_no_rows_are_refused(connection, body, status, message):
    found, answer = ask(connection, "POST", "/predict", body)
    assert found == status and message in answer["error"] and len(answer["error"]) < 500
    assert predict(connection, [ROW])[0] == 200  # it goes on


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/predict", 405, "POST"),
        ("OPTIONS", "/predict", 405, "POST"),
        ("DELETE", "/", 405, "GET"),
        ("POST", "/health", 405, "GET"),
        ("HEAD", "/", 405, "GET"),
        ("STRANGE", "/", 405, "GET"),
        ("GET", "/nothing", 404, None),
        ("GET", "/predict/", 404, None),
        ("GET", "/health?x", 404, None),
        ("GET", "/../etc/passwd", 404, None),
        ("GET", "http://127.0.0.1/health", 404, None),
    ],
)
def test_other_methods_and_paths_are_refused(server, method, path, status, allow):
    answer = raw(server, head(server, f"{method} {path} HTTP/1.1", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (b"\r\nAllow: %s\r\n" % (allow or "").encode() in answer) == (allow is not None)
    content = answer.partition(b"\r\n\r\n")[2]
    assert content == b"" if method == "HEAD" else "error" in json.loads(content)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 2"], 415),
        (["Content-Type: text/plain", "Content-Length: 2"], 415),
        (["Content-Type: application/x-www-form-urlencoded", "Content-Length: 2"], 415),
        (["Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 2"], 415),
        (["Content-Type: application/json"], 411),
        (["Content-Type: application/json", "Transfer-Encoding: chunked"], 411),
        (["Content-Type: application/json", "Transfer-Encoding: chunked", "Content-Length: 2"], 411),
        (["Content-Type: application/json", "Content-Length: 2", "Content-Length: 3"], 400),
        (["Content-Type: application/json", "Content-Length: -2"], 400),
        (["Content-Type: application/json", "Content-Length: 0x2"], 400),
        (["Content-Type: application/json", "Content-Length: ٢".encode().decode("latin-1")], 400),
        (["Content-Type: application/json", f"Content-Length: {'9' * 4400}"], 400),
        (["Content-Type: application/json", f"Content-Length: {MOST_BYTES + 1}"], 413),
    ],
)
def test_heads_that_say_another_kind_or_no_length_are_refused_before_the_body_is_read(server, lines, status):
    answer = raw(server, head(server, "POST /predict HTTP/1.1", *lines) + b"{}")
    assert answer.startswith(b"HTTP/1.1 %d " % status) and b"\r\nConnection: close\r\n" in answer
    assert list(json.loads(answer.partition(b"\r\n\r\n")[2])) == ["error"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["GET /x HTTP/1.1"], "There is nothing at '/x'. Ask for /, /health, /predict."),
        (["GET /predict HTTP/1.1"], "/predict takes POST, not GET."),
        (
            ["POST /predict HTTP/1.1", "Content-Length: 2"],
            "The body must be JSON, as it is. Send Content-Type: application/json.",
        ),
        (["POST /predict HTTP/1.1", JSON_LINE], "The length of the body is not said. Send Content-Length."),
        (
            ["POST /predict HTTP/1.1", JSON_LINE, "Content-Length: x"],
            "Content-Length must be one whole number of bytes.",
        ),
        (["GET / HTTP/1.1", "Host: other"], "This server is not asked for by that Host. Use http://127.0.0.1:"),
        (["GET / HTTP/1.1", "Origin: null"], "A page from elsewhere may not ask this server."),
    ],
)
def test_a_refusal_says_what_was_expected(server, lines, message):
    answer = raw(server, head(server, *lines, "Connection: close"))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"].startswith(message)


def test_a_body_of_the_largest_size_is_taken(connection):
    body = json.dumps({"rows": [ROW]}).encode().ljust(MOST_BYTES)
    assert ask(connection, "POST", "/predict", body)[0] == 200


def test_a_client_that_sends_too_much_still_gets_its_answer(connection):
    # 3 MiB, which the server does not want: it answers, and reads on for a moment so that the answer arrives
    status, answer = ask(connection, "POST", "/predict", b" " * (3 * 2**20))
    assert status == 413 and "At most 1,048,576 are taken. Send fewer rows at a time." in answer["error"]


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""]
)
def test_a_request_for_another_host_is_refused(server, host):
    answer = raw(server, head(server, "GET / HTTP/1.1", "Connection: close", host=host.format(port=server.server_port)))
    assert answer.startswith(b"HTTP/1.1 421 ") and b"columns" not in answer


def test_a_request_without_host_or_with_two_is_refused(server):
    assert raw(server, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 421 ")
    twice = head(server, "GET / HTTP/1.1", "Host: evil.example", "Connection: close")
    assert raw(server, twice).startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_are_hosts(server, name):
    host = f"{name}:{server.server_port}"
    assert raw(server, head(server, "GET /health HTTP/1.1", "Connection: close", host=host)).startswith(
        b"HTTP/1.1 200 "
    )


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", ""])
def test_a_page_from_elsewhere_is_refused(server, origin):
    lines = ["POST /predict HTTP/1.1", f"Origin: {origin}", "Content-Type: application/json", "Content-Length: 2"]
    answer = raw(server, head(server, *lines) + b"{}")
    assert answer.startswith(b"HTTP/1.1 403 ") and b"Access-Control" not in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\r\n\r\n", None),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\n", 400),  # a TLS client
        (b"GET /\r\n", 421),  # HTTP/0.9, which says no host
        (b"", None),
        (b"POST /pre", None),
    ],
)
def test_what_is_no_http_is_answered_or_closed_and_the_server_goes_on(server, connection, sent, status):
    with socket.create_connection(("127.0.0.1", server.server_port), 20) as other:
        other.sendall(sent)
        other.shutdown(socket.SHUT_WR)
        answer = b""
        while part := other.recv(65536):
            answer += part
    if status is not None:
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:80]
        assert "error" in json.loads(answer.partition(b"\r\n\r\n")[2])
    assert ask(connection, path="/health")[0] == 200


@pytest.mark.parametrize("seed", range(40))
def test_requests_changed_at_random_get_an_answer_or_none_and_never_a_failure(server, capfd, seed):
    draw = np.random.default_rng(seed)
    body = json.dumps({"rows": [ROW, ROW]}).encode()
    lines = [
        "POST /predict HTTP/1.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    content = bytearray(head(server, *lines) + body)
    for _ in range(int(draw.integers(1, 6))):
        content[draw.integers(len(content))] = draw.integers(256)
    with socket.create_connection(("127.0.0.1", server.server_port), 20) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert not answer or (answer.startswith(b"HTTP/1.1 ") and not answer.startswith(b"HTTP/1.1 500"))
    assert capfd.readouterr().err == ""


# Who is slow, many, or leaves


def test_a_request_that_comes_too_slowly_is_given_up_however_its_pieces_come(kind, monkeypatch):
    monkeypatch.setattr(server_module, "_REQUEST_SECONDS", 0.3)
    with serving(kind) as server:
        for start, expected in (
            (b"GET / HT", b""),
            (
                head(server, "POST /predict HTTP/1.1", "Content-Type: application/json", "Content-Length: 1000"),
                b"HTTP/1.1 408 ",
            ),
        ):
            with socket.create_connection(("127.0.0.1", server.server_port), 20) as connection:
                connection.sendall(start)
                begun, answer = time.monotonic(), b""
                with contextlib.suppress(OSError):
                    while time.monotonic() - begun < 20:
                        connection.sendall(b" ")  # a byte every now and then keeps no connection
                        connection.settimeout(0.05)
                        with contextlib.suppress(TimeoutError):
                            part = connection.recv(65536)
                            answer += part
                            if not part:
                                break
                assert answer.startswith(expected)
                assert not expected or b"The request took more than 0.3 s to come. Send it anew." in answer
                assert time.monotonic() - begun < 20


def test_a_connection_that_asks_nothing_is_closed_after_a_while(kind, monkeypatch):
    monkeypatch.setattr(server_module, "_IDLE_SECONDS", 0.1)
    with serving(kind) as server:
        assert raw(server, b"") == b""


def test_connections_beyond_the_most_are_told_so(kind, monkeypatch):
    monkeypatch.setattr(server_module, "_MOST_CONNECTIONS", 2)
    with serving(kind) as server, contextlib.ExitStack() as stack:
        port = server.server_port
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            stack.enter_context(contextlib.closing(connection))
            assert ask(connection, path="/health")[0] == 200
        answer = raw(server, b"")
        assert answer.startswith(b"HTTP/1.1 503 ") and b"There are 2 connections already." in answer
        connection.close()
        for _ in range(200):  # until its thread has seen that
            if len(server._connections) < 2:
                break
            time.sleep(0.01)
        assert raw(server, head(server, "GET /health HTTP/1.1", "Connection: close")).startswith(b"HTTP/1.1 200 ")


def test_many_clients_at_once_get_their_own_answers(server):
    sizes = np.linspace(0, 10, 8).tolist()
    found: dict[float, list] = {}

    def client(size):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)) as connection:
            found[size] = [predict(connection, [{**ROW, "size": size}])[1]["probabilities"] for _ in range(10)]

    threads = [threading.Thread(target=client, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer == answers[0] for answers in found.values() for answer in answers)
    assert len({json.dumps(answers[0]) for answers in found.values()}) == len(sizes)


def test_a_failure_of_the_server_is_status_500_and_told_on_its_terminal(kind, capfd):
    class Failing:
        description, example = kind.description, kind.example
        asked = 0

        def answer(self, rows):
            self.asked += 1
            if self.asked > 1:
                raise RuntimeError("out of order")
            return {}

    with serving(Failing()) as server:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)) as connection:
            assert predict(connection, [ROW]) == (500, {"error": "The server failed; its terminal says how."})
    assert "RuntimeError: out of order" in capfd.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.com", ""])
def test_a_host_that_others_reach_is_refused(kind, host):
    with pytest.raises(
        ValueError, match=r"^host .*: others may reach it, .* Expected an address of this machine alone"
    ):
        Server(kind, host, 0)


def test_a_port_that_is_taken_is_said_so(kind, server):
    with pytest.raises(
        OSError, match=rf"^port {server.server_port} of 127.0.0.1 cannot be had \(.*\)\. Give another --port"
    ):
        Server(kind, "127.0.0.1", server.server_port)


# The command


def start(*arguments):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, "-u", "-m", "feedforward", "serve", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_says_how_to_ask_and_ctrl_c_ends_it(folder):
    with start(folder / "kind.ff", "--port", 0) as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        port = int(re.match(r"http://127\.0\.0\.1:(\d+)/ answers; Ctrl-C ends it\.", first).group(1))
        rows = json.loads(re.search(r"-d '(.*)'$", second).group(1))
        assert f"curl http://127.0.0.1:{port}/predict -H 'Content-Type: application/json'" in second
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            assert ask(connection, "POST", "/predict", json.dumps(rows))[0] == 200
            process.send_signal(signal.SIGINT)  # while a connection is open
            assert process.wait(20) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], r"^error: serve: host 0\.0\.0\.0: others may reach it"),
        (["--port", "65536"], r"^error: .*65536.* is not in the range 0<=x<=65535"),
    ],
)
def test_the_command_refuses_hosts_and_ports_in_one_line(folder, arguments, message):
    result = CliRunner().invoke(main, ["serve", str(folder / "kind.ff"), *arguments])
    assert result.exit_code == 2 and re.match(message, result.stderr) and result.stderr.count("\n") == 1
