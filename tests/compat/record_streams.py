"""Records TensorFlow's random numbers for test_streams.py: ``python record_streams.py``, with TensorFlow 2.21.

Each case is an operation, the seeds of its graph and its own, and what two runs in one session and one in a second
session give; or, in eager mode, three calls.
"""

import json
import os
from pathlib import Path

HERE = Path(__file__).parent
DRAWS = [
    ("uniform", {"shape": [7]}),
    ("uniform", {"shape": [2, 3], "dtype": "float64"}),
    ("uniform", {"shape": [5], "low": -2.5, "high": 7.25}),
    ("uniform", {"shape": [9], "dtype": "int32", "low": -3, "high": 10}),
    ("uniform", {"shape": [4], "dtype": "int32", "low": -(2**31), "high": 2**31 - 1}),
    ("uniform", {"shape": [5], "dtype": "int64", "low": -(2**62), "high": 2**62 + 5}),
    ("uniform", {"shape": []}),
    ("uniform", {"shape": [0, 3]}),
    ("normal", {"shape": [3, 5]}),
    ("normal", {"shape": [1]}),
    ("normal", {"shape": [5], "dtype": "float64"}),
    ("normal", {"shape": [4], "mean": -1.0, "stddev": 0.35}),
    ("truncated_normal", {"shape": [41]}),
    ("truncated_normal", {"shape": [2, 9], "dtype": "float64"}),
    ("truncated_normal", {"shape": [3, 4], "mean": 0.5, "stddev": 0.1}),
    ("order", {"count": 10}),
    ("order", {"count": 1}),
    ("multinomial", {"logits": [[0.0, 1.0, -1.0], [2.0, 2.0, -50.0]], "count": 5}),
]
SEEDS = [(None, 1), (777, 1), (777, None), (0, 0), (2**31 + 5, 12345), (None, -7)]


def build(v1, draw, arguments, op_seed):
    """Return TensorFlow's tensor for a draw."""
    if draw == "order":
        return v1.random_shuffle(v1.range(arguments["count"], dtype="int64"), seed=op_seed)
    if draw == "multinomial":
        return v1.multinomial(arguments["logits"], arguments["count"], seed=op_seed)
    names = {"low": "minval", "high": "maxval"}
    named = {names.get(name, name): value for name, value in arguments.items()}
    function = v1.truncated_normal if draw == "truncated_normal" else getattr(v1, f"random_{draw}")
    return function(**named, seed=op_seed)


def record():
    """Write ``streams.json``."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow

    v1 = tensorflow.compat.v1
    eager = []
    for seed in (1, 777):
        v1.set_random_seed(seed)
        drawn = [
            v1.random_normal([3]),
            v1.random_uniform([2]),
            v1.random_normal([3], seed=5),
            v1.random_normal([3], seed=5),
        ]
        eager.append({"seed": seed, "drawn": [value.numpy().tolist() for value in drawn]})
    cases = []
    v1.disable_v2_behavior()
    for draw, arguments in DRAWS:
        for graph_seed, op_seed in SEEDS:
            with v1.Graph().as_default():
                if graph_seed is not None:
                    v1.set_random_seed(graph_seed)
                v1.random_uniform([1])  # so that the operation of interest is the second without a seed
                value = build(v1, draw, arguments, op_seed)
                runs = []
                for count in (2, 1):
                    with v1.Session() as session:
                        runs += [session.run(value).tolist() for _ in range(count)]
            cases.append({"draw": draw, "arguments": arguments, "seeds": [graph_seed, op_seed], "runs": runs})
    with v1.Graph().as_default(), v1.Session() as session:
        large = session.run([v1.random_normal([60000], seed=3), v1.truncated_normal([60000], seed=3)])
    ends = [[*value[:4].tolist(), *value[-4:].tolist()] for value in large]
    sums = [float(value.astype("float64").sum()) for value in large]
    recorded = {"tensorflow": tensorflow.__version__, "eager": eager, "ends": ends, "sums": sums}
    lines = ",\n".join(f"  {json.dumps(case)}" for case in cases)
    text = json.dumps(recorded)[:-1]
    (HERE / "streams.json").write_text(f'{text}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    record()
