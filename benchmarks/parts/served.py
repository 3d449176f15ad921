"""One row asked of `feedforward serve`, again and again over one connection, beside a server that answers nothing."""

from __future__ import annotations

import contextlib
import csv
import http.client
import http.server
import json
import re
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import load

_MODELS = {"mlp": "a plain MLP, 64-64", "realmlp": "RealMLP"}
_REQUESTS = 1000
_NUMBERS, _TEXTS = 6, 8
"""Columns as the adult table has them."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return milliseconds of a request, median and 99th percentile of each round."""
    servers = [*_MODELS, "nothing"]
    raw: dict[str, Any] = {"load_before": round(load(), 2), **{name: {"median": [], "p99": []} for name in servers}}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        _write_table(Path(folder) / "t.csv")
        ports = {name: stack.enter_context(_serving(Path(folder), name)) for name in _MODELS}
        ports["nothing"] = stack.enter_context(_answering_nothing())
        for number in range(settings.rounds):
            print(f"served, round {number + 1}", file=sys.stderr, flush=True)
            for name, port in ports.items():
                times = _times(port)
                raw[name]["median"].append(round(statistics.median(times), 4))
                raw[name]["p99"].append(round(float(np.quantile(times, 0.99)), 4))
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return the median over the rounds of the medians."""
    return {name: statistics.median(raw[name]["median"]) for name in _MODELS}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    meanings = {**_MODELS, "nothing": "the standard library's server, the same bytes, no check, no model"}
    rows = [
        [meaning, f"{statistics.median(raw[name]['median']):.3f}", f"{statistics.median(raw[name]['p99']):.3f}"]
        for name, meaning in meanings.items()
    ]
    return "\n".join(
        [
            "## A row served",
            "",
            f"Milliseconds from request to answer over one connection, with Python's `http.client`, of a row of "
            f"{_NUMBERS} numbers and {_TEXTS} texts: medians over the rounds. Client and server share the machine; its "
            f"load before was {raw['load_before']}.",
            "",
            table(["", "median", "99th percentile"], rows),
        ]
    )


def _write_table(path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = 2000
    numbers, texts = draw.normal(size=(rows, _NUMBERS)), draw.integers(0, 12, (rows, _TEXTS))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"n{k}" for k in range(_NUMBERS)), *(f"t{k}" for k in range(_TEXTS)), "kind"])
        for row in range(rows):
            words = [f"value {value}" for value in texts[row].tolist()]
            writer.writerow([*numbers[row].tolist(), *words, "yes" if numbers[row, 0] > texts[row, 0] / 12 else "no"])


@contextlib.contextmanager
def _serving(folder: Path, name: str) -> Iterator[int]:
    """Train a model, and give the port at which a process serves it."""
    program = [sys.executable, "-u", "-m", "feedforward"]
    data, model = str(folder / "t.csv"), str(folder / f"{name}.ff")
    options = ["--target", "kind", "--model", name, "--epochs", "1", "--no-report", "--quiet", "--output", model]
    subprocess.run([*program, "train", data, *options], check=True)
    with subprocess.Popen([*program, "serve", model, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.match(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise RuntimeError(f"served: {name} is not served.")
            yield int(found.group(1))
        finally:
            process.terminate()  # a shell's background job has Ctrl-C ignored


@contextlib.contextmanager
def _answering_nothing() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

        def do_GET(self) -> None:
            self.wfile.write(
                b'HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n{"example": {"rows": [[0]]}, "columns": [1]}\n'
            )

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n")

        def log_message(self, format: str, *args: Any) -> None: ...

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _times(port: int) -> list[float]:
    """Return the milliseconds of each of many requests."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/")
        body = json.dumps(json.loads(connection.getresponse().read())["example"])
        times = []
        for number in range(_REQUESTS + 100):
            started = time.perf_counter()
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"served: status {response.status}.")
            if number >= 100:
                times.append(1000 * (time.perf_counter() - started))
    return times
