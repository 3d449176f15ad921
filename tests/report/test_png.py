"""Oracle: a decoder of its own, written from the PNG specification with zlib: chunks, checksums, filters undone."""

import base64
import struct
import zlib

import numpy as np
import pytest

from feedforward.report.png import data_uri, encode


def decode(content: bytes) -> np.ndarray:
    """Return the image of a PNG file with 8 bits per channel; checks every checksum."""
    assert content[:8] == bytes([137, 80, 78, 71, 13, 10, 26, 10])
    place, chunks = 8, []
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        assert struct.unpack(">I", content[place + 8 + length : place + 12 + length])[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        place += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, compression, filtering, interlace) == (8, 0, 0, 0)
    channels = {0: 1, 2: 3}[colour]
    raw = zlib.decompress(chunks[1][1])
    stride = 1 + width * channels
    assert len(raw) == height * stride
    rows = []
    for row in range(height):
        line = raw[row * stride : (row + 1) * stride]
        assert line[0] == 0
        rows.append(list(line[1:]))
    return np.array(rows, np.uint8).reshape((height, width) if channels == 1 else (height, width, channels))


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (28, 28), (3, 5), (4, 2, 3), (6, 7, 1)])
def test_an_encoded_picture_is_decoded_to_itself(shape):
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert decode(encode(image)).tolist() == image.reshape(shape if shape[-1] == 3 else shape[:2]).tolist()


def test_a_picture_that_is_not_contiguous_is_encoded_as_it_looks():
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)[::2, ::-3]
    assert decode(encode(image)).tolist() == image.tolist()


def test_a_data_address_holds_the_same_file():
    image = np.eye(3, dtype=np.uint8)
    head, _, body = data_uri(image).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body, validate=True) == encode(image)


@pytest.mark.parametrize(
    "image",
    [np.zeros((2, 2)), np.zeros(4, np.uint8), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 3), np.uint8)],
    ids=["float", "1 axis", "4 channels", "empty"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match=r"^encode: image is .* Expected uint8, shape .* Convert it\.$"):
        encode(image)
