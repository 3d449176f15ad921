"""Oracle: what every reader promises for any bytes: arrays or a DataError, in memory that the file's size bounds."""

import gzip
import random
import tracemalloc

import numpy as np
import pytest

from feedforward.data import read_csv
from feedforward.data.idx import read_idx
from feedforward.errors import DataError

SHORT, LONG = 500, 50_000  # mutations of each kind of file
MOST_MEMORY = 8 * 2**20  # bytes for files of less than 2 KiB: one packed so may hold 2 MiB, read whole, copied once

IDX = bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 4]) + bytes(range(80))
CSV = b'a,"b ""x""",kind\n' + b"".join(b"%d,%d.5e-3,%s\n" % (i, -i, b"uv"[i % 2 :][:1]) for i in range(20))
PIECES = (
    b"\0",
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b'"',
    b"\n",
    b",",
    b"\r",
    b"1e999",
    b"nan",
    b"_",
    b"\xc3",
    b"\x1f\x8b",
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few flipped, written over, put in, left out, said again or cut off, mostly near the start."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = min(int(rng.expovariate(8 / len(content))), len(data))
        piece = rng.choice(PIECES) if rng.random() < 0.5 else rng.randbytes(rng.randint(1, 4))
        match rng.randrange(6):
            case 0 if place < len(data):
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place : place + len(piece)] = piece
            case 2:
                data[place:place] = piece
            case 3:
                del data[place : place + rng.randint(1, 30)]
            case 4:
                data[place:place] = data[place // 2 : place]
            case 5 if rng.random() < 0.3:
                del data[place:]
    return bytes(data)


def packed(content: bytes, rng: random.Random) -> bytes:
    """Return mutated bytes packed, or bytes whose packed form is mutated."""
    if rng.random() < 0.5:
        return gzip.compress(mutated(content, rng), mtime=0)
    return mutated(gzip.compress(content, mtime=0), rng)


def read_as_idx(content, folder, rng):
    array = read_idx(content, "damaged.idx")
    assert array.dtype == np.uint8
    array[...] = 0  # all of it is there, and ours


def read_as_csv(content, folder, rng):
    path = folder / "damaged.csv"
    path.write_bytes(content)
    options = rng.choice([{}, {"target": "kind"}, {"target": -1, "task": "classification"}, {"columns": ["a"]}])
    options |= rng.choice([{}, {"delimiter": ","}, {"delimiter": " "}])
    table = read_csv(path, **options)
    assert np.isfinite(table.features).all()
    assert table.labels is None or len(table.labels) == len(table.features)


@pytest.mark.parametrize("count", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("make", "content", "read"),
    [(mutated, IDX, read_as_idx), (packed, IDX, read_as_idx), (mutated, CSV, read_as_csv), (packed, CSV, read_as_csv)],
    ids=["idx", "idx.gz", "csv", "csv.gz"],
)
def test_a_damaged_file_is_read_or_refused_and_takes_little_memory(make, content, read, count, tmp_path):
    refused = 0
    tracemalloc.start()
    try:
        for seed in range(count):
            rng = random.Random(seed)
            damaged = make(content, rng)
            tracemalloc.reset_peak()
            try:
                read(damaged, tmp_path, rng)
            except DataError as error:
                refused += 1
                assert "damaged." in str(error), seed
            except Exception as error:
                raise AssertionError(f"mutation {seed}: {damaged!r}") from error
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY, seed
    finally:
        tracemalloc.stop()
    assert count / 4 < refused < count  # both ends are reached
