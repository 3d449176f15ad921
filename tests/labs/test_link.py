"""Oracle: an identity, what is written is read; and worked by hand: texts that are no state."""

import base64
import json
import random
import zlib

import numpy as np
import pytest

from feedforward.labs.errors import LabError
from feedforward.labs.link import LONGEST, read_link, write_link

STATE = {
    "lab": "playground",
    "numbers": [1, -2.5, 1e-300, True, None, "ü"],
    "weights": np.array([[0.1, -0.0], [5e-324, 1.7e308]]),
    "empty": np.zeros((0, 3), np.float32),
    "nested": {"rows": [np.arange(3), np.arange(2, dtype=np.uint8)]},
}


def packed(content):
    return base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")


def test_a_state_is_read_as_it_was_written_to_the_bit():
    again = read_link(write_link(STATE))
    assert again["numbers"] == STATE["numbers"]
    for ours, theirs in [
        (again["weights"], STATE["weights"]),
        (again["empty"], STATE["empty"]),
        *zip(again["nested"]["rows"], STATE["nested"]["rows"], strict=True),
    ]:
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()


def test_a_text_has_only_letters_of_addresses():
    assert not set(write_link(STATE)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def array(*described):
    return packed(json.dumps({"a": {"array": described}}).encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ünlich",
        "A" * 40,
        packed(b"[]"),
        packed(b"{"),
        packed(b'{"a": NaN}'),
        packed(b'{"a": Infinity}'),
        packed(b"[" * 100_000),
        packed(b'{"a": 1}') + "AAAA",
        packed(b" " * (9 << 20)),  # 9 kB that become 9 MB
        array("float64", [1], base64.b64encode(np.array([np.nan]).tobytes()).decode()),
        array("float64", [2], base64.b64encode(np.zeros(1).tobytes()).decode()),
        array("float64", [-1], ""),
        array("float64", [1.0], base64.b64encode(np.zeros(1).tobytes()).decode()),
        array("float64", [True], base64.b64encode(np.zeros(1).tobytes()).decode()),
        array("float64", [2**40, 2**40, 0], ""),
        array("object", [1], "AAAAAAAAAAA="),
        array(["float64"], [1], "AAAAAAAAAAA="),
        array("float64", [1], "!"),
        array("float64", [1], "AAA="),
        array("float64"),
    ],
)
def test_a_text_that_is_no_state_is_refused(text):
    with pytest.raises(LabError, match="bad_link"):
        read_link(text)


def test_a_text_that_is_too_long_is_refused_before_it_is_looked_at():
    with pytest.raises(LabError, match="link_too_long"):
        read_link("A" * (LONGEST + 1))


def test_a_state_that_is_too_long_is_not_written():
    noise = np.random.default_rng(0).standard_normal(200_000)
    with pytest.raises(LabError, match="link_too_long"):
        write_link({"noise": noise})


def test_damaged_texts_are_refused_or_read_as_something_plain():
    text, chance = write_link(STATE), random.Random(0)
    for _ in range(2000):
        letters = list(text)
        for _ in range(chance.randint(1, 3)):
            letters[chance.randrange(len(letters))] = chance.choice("ABab01-_")
        try:
            assert isinstance(read_link("".join(letters)), dict)
        except LabError:
            pass


def test_millions_of_lists_that_pack_well_are_refused_before_they_are_read():
    with pytest.raises(LabError, match="bad_link"):
        read_link(packed(b'{"a": [' + b"[]," * 200_000 + b"1]}"))
    with pytest.raises(LabError, match="link_too_long"):
        write_link({"a": [[]] * 200_000})
