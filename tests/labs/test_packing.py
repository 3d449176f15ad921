"""Oracle: the form that packing.py states, read here by its words."""

import json

import numpy as np

from feedforward.labs.packing import pack


def unpacked(content):
    length = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    types = {"f4": np.float32, "f8": np.float64, "i4": np.int32, "u1": np.uint8}

    def read(value):
        if isinstance(value, dict) and list(value) == ["array"]:
            place, kind, shape = value["array"]
            assert (start + place) % 8 == 0
            return np.frombuffer(content, types[kind], int(np.prod(shape)), start + place).reshape(shape)
        if isinstance(value, dict):
            return {key: read(one) for key, one in value.items()}
        return [read(one) for one in value] if isinstance(value, list) else value

    return read(head)


def test_arrays_come_through():
    message = {
        "a": np.arange(5, dtype=np.uint8),
        "b": [np.eye(3), {"c": np.float32([[1.5, -np.inf]])}],
        "d": np.arange(6, dtype=np.int32).reshape(2, 3)[:, ::2],  # not contiguous
        "e": np.zeros((0, 4)),
    }
    found = unpacked(pack(message))
    for ours, theirs in [
        (found["a"], message["a"]),
        (found["b"][0], message["b"][0]),
        (found["b"][1]["c"], message["b"][1]["c"]),
        (found["d"], message["d"]),
        (found["e"], message["e"]),
    ]:
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_numbers_that_json_lacks_are_null():
    message = {"a": float("nan"), "b": [np.float64("inf")], "c": np.int64(3), "d": (1, "ü", None, True)}
    assert unpacked(pack(message)) == {"a": None, "b": [None], "c": 3, "d": [1, "ü", None, True]}
