"""Oracle: by hand. The files that Linux has of caches, as it writes them."""

from pathlib import Path

import pytest

from feedforward.compiler.machine import host, second_cache


def write_caches(folder: Path, *caches: tuple[str, str, str]) -> Path:
    """Write what Linux tells of some caches: level, type and size."""
    for number, words in enumerate(caches):
        place = folder / f"index{number}"
        place.mkdir()
        for name, word in zip(("level", "type", "size"), words, strict=True):
            (place / name).write_text(f"{word}\n")
    return folder


FIRST = ("1", "Data", "48K"), ("1", "Instruction", "32K")


@pytest.mark.parametrize(
    "size, expected",
    [
        ("1024K", 1 << 20),
        ("2048K", 2 << 20),
        ("1280K", 1 << 20),  # 1.25 MiB: of powers of two, the one below
        ("256K", 1 << 18),
        ("64K", 1 << 18),  # at least a quarter MiB
        ("2M", 2 << 20),
        ("", 1 << 20),  # not told
        ("large", 1 << 20),
    ],
)
def test_the_second_cache_is_what_the_system_says(tmp_path: Path, size: str, expected: int) -> None:
    folder = write_caches(tmp_path, *FIRST, ("2", "Unified", size), ("3", "Unified", "32768K"))
    assert second_cache(folder) == expected


def test_a_system_that_tells_nothing_is_taken_for_a_common_machine(tmp_path: Path) -> None:
    assert second_cache(tmp_path / "nowhere") == second_cache(write_caches(tmp_path, *FIRST)) == 1 << 20


def test_code_is_made_for_the_second_cache_of_this_machine() -> None:
    assert host().cache_bytes == second_cache()
