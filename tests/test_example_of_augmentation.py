"""Oracle: a guess, which is right in one of ten."""

import runpy
from pathlib import Path


def test_every_part_of_the_example_of_augmentation_runs(capsys):
    found = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "augmentation.py"))["main"](epochs=2)
    assert len(found) == 5
    assert all(share > 0.3 for share in found.values())
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("RandomElastic", "eigen-images", "whitened", "class by class: "))
