"""``python -m benchmarks [part ...]``: measure all parts, or some, and write RESULTS.md anew."""

from __future__ import annotations

from benchmarks import machine

machine.settle()  # before anything makes threads

import argparse  # noqa: E402
import datetime  # noqa: E402
import importlib.metadata  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

from benchmarks.linear.problems import PROBLEMS, find_problem  # noqa: E402
from benchmarks.networks import NETWORKS, find_network  # noqa: E402
from benchmarks.outside import KINDS  # noqa: E402
from benchmarks.page import FOLDER, read_results, render_page, write, write_results  # noqa: E402
from benchmarks.parts import PARTS, Settings, load_part  # noqa: E402
from benchmarks.peers import PEERS  # noqa: E402
from benchmarks.tables.problems import TABLES, check_table  # noqa: E402

_PACKAGES = ("feedforward", "numpy", "llvmlite", "jax", "jaxlib", "torch", "keras", "tensorflow-cpu", "scikit-learn")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, and write RESULTS.md anew.")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME", help="such as 784-512-10/128")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS), metavar="NAME")
    parser.add_argument("--programs", nargs="+", default=list(KINDS), choices=list(KINDS), metavar="NAME")
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), metavar="NAME", help="such as a9a/hinge")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), metavar="NAME", help="such as adult:20000")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each peer; 7 by default")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of RESULTS.md and results.json")
    parser.add_argument("--render", action="store_true", help="measure nothing; write RESULTS.md from results.json")
    options = parser.parse_args(arguments)
    for part in options.part:
        if part not in PARTS:
            parser.error(f"part {part!r}: expected one of {', '.join(PARTS)}.")
    try:
        for network in options.networks:
            find_network(network)
        for problem in options.problems:
            find_problem(problem)
        for table in options.tables:
            check_table(table)
    except ValueError as error:
        parser.error(str(error))
    settings = Settings(
        options.rounds,
        tuple(options.networks),
        tuple(options.peers),
        tuple(options.programs),
        tuple(options.problems),
        tuple(options.tables),
    )
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "results.json"
    failed: list[str] = []
    for part in [] if options.render else options.part or PARTS:
        print(f"== {part}", file=sys.stderr, flush=True)
        module, described = load_part(part), machine.describe()
        # What was measured is kept at once: the times of a network or a program, a part's figures.
        by = getattr(module, "SPLIT_BY", None)
        for job in [settings] if by is None else [replace(settings, **{by: (name,)}) for name in getattr(settings, by)]:
            try:
                raw = module.measure(job)
            except Exception:  # the others are worth having, and what was measured before stays
                traceback.print_exc()
                failed.append(part)
                continue
            results = read_results(file)
            before = results[part]["raw"] if by is not None and part in results else {}
            entry = {
                "date": datetime.date.today().isoformat(),
                "machine": described,
                "versions": _versions(),
                "raw": before | raw,
            }
            write_results(file, results | {part: entry})
            write(options.output / "RESULTS.md", render_page(read_results(file)))
    write(options.output / "RESULTS.md", render_page(read_results(file)))
    print(options.output / "RESULTS.md")
    if failed:
        sys.exit(f"failed: {', '.join(dict.fromkeys(failed))}")


def _versions() -> dict[str, str]:
    """Return the versions of the packages that are installed here."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


if __name__ == "__main__":
    main()
