"""Oracle: what SECURITY.md promises of files from elsewhere: no crash, no case over 10 s or 4 GiB; from load nothing
but FormatError, and from predict, fit, explain and save afterwards nothing but the project's own errors.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import hostile_files
from feedforward.training.checkpoint import from_bytes, to_bytes

PROGRAM = Path(__file__).parents[1] / "hostile_files.py"
CHUNK = 250
"""Cases of a process: one that dies takes no more with it."""


def run(kind, first, end, folder):
    """Run cases in processes of their own; return how many came how far, and what went wrong."""
    counts, failures = Counter(), []
    while first < end:
        last = min(first + CHUNK, end)
        progress = folder / "progress"
        command = [sys.executable, "-X", "faulthandler", str(PROGRAM), kind, str(first), str(last), str(progress)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20 * CHUNK)
        if done.returncode == 0:
            result = json.loads(done.stdout.splitlines()[-1])
            slowest = max(counts.pop("slowest_ms", 0), result["counts"].pop("slowest_ms"))
            counts.update(result["counts"])
            counts["slowest_ms"] = slowest
            failures += result["failures"]
            first = last
        else:
            first = int(progress.read_text()) + 1
            failures.append((first - 1, f"exit status {done.returncode}: {done.stderr[-3000:]}"))
    return counts, failures


def check(kind, count, folder):
    counts, failures = run(kind, 0, count, folder)
    stages = {stage: number for stage, number in counts.items() if stage[0].isdigit()}
    print(f"{count} {kind}: {json.dumps(dict(sorted(counts.items())))}")
    assert not failures, f"{len(failures)} of {count}, seeds {[seed for seed, _ in failures]}: {failures[0][1]}"
    assert sum(stages.values()) == count
    # A mutation that is refused for its digest tests nothing behind it; one that is never used, nothing behind load.
    reached = [sum(number for stage, number in stages.items() if int(stage[0]) >= gate) for gate in range(6)]
    wanted = [1, 0.5, 0.1, 0.1, 0.1, 0.05]  # digest, network, loaded, explained, predicted, trained
    assert all(number >= share * count for number, share in zip(reached, wanted, strict=True)), reached


def test_the_models_that_are_changed_can_be_loaded():
    # Else the changes would be tried on what is refused in any case.
    for model in hostile_files.models():
        again = from_bytes(to_bytes(model), "a model", None)
        assert [path for path, _ in again.weights_by_path()] == [path for path, _ in model.weights_by_path()]


@pytest.mark.parametrize("kind", ["files", "graphs"])
def test_hostile_files_do_no_harm(kind, tmp_path):
    check(kind, 200, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "graphs"])
def test_a_hundred_thousand_hostile_files_do_no_harm(kind, tmp_path):
    check(kind, 100_000, tmp_path)
