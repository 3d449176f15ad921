"""What is to be reached, all in one place. A part measures figures; a figure is compared with the target of its key."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.linear.problems import PROBLEMS, STEPS
from benchmarks.machine import THREADS
from benchmarks.outside import KINDS


@dataclass(frozen=True)
class Target:
    """A limit for a figure.

    Parameters
    ----------
    part : str
        The part that measures it.
    key : str
        What the part calls the figure.
    meaning : str
        What the page calls it.
    limit : float
        The limit.
    unit : str
        Of limit and figure.
    is_least : bool
        Whether the figure is to be at least the limit, rather than at most.
    """

    part: str
    key: str
    meaning: str
    limit: float
    unit: str = ""
    is_least: bool = False

    def is_met(self, figure: float) -> bool:
        """Return whether a figure keeps to the limit."""
        return figure >= self.limit if self.is_least else figure <= self.limit


_STEP_TIMES = {
    "784-512-10/128": (0.80, 0.50),
    "784-512-512-10/128": (0.75, 0.45),
    "784-10/100": (0.40, 0.25),
    "30-64-64-2/32": (0.50, 0.08),
    "2-4-2-2/10": (0.30, 0.02),
    "784-200-100-60-30-10+bn/100": (0.55, 0.25),
}
"""Time of a step against JAX's scan and against PyTorch's fused Adam."""

TARGETS = (
    *(
        Target("training", f"{network}:{peer}", f"{network}: time of a step / {title}", limit)
        for network, limits in _STEP_TIMES.items()
        for (peer, title), limit in zip(
            (("jax_scan", "JAX scan"), ("torch_eager", "PyTorch fused Adam")), limits, strict=True
        )
    ),
    *(
        Target("training", f"{network}:torch_eager", f"{network}: time of a step / PyTorch fused Adam", limit)
        for network, limit in (
            ("1024-1024-1024-10/256", 0.85),
            ("2048-2048-2048-10/256", 0.95),
            ("2048-2048-2048-10/1024", 0.95),
        )
    ),
    *(
        Target("own_loops", f"{network}:{loop}", f"{network}, own loop, {title}: time of a step / PyTorch", limit)
        for network, limit in (("784-512-10/128", 0.9), ("2-4-2-2/10", 1.0))
        for loop, title in (("feedforward_tape", "a tape"), ("feedforward_function", "an ff.function"))
    ),
    Target("training", "LeNet-5/128:torch_eager", "LeNet-5/128: time of a step / PyTorch fused Adam", 0.40),
    Target("training", "4-32-16-4 tanh/10000:torch_eager", "4-32-16-4 tanh/10000: time / PyTorch fused Adam", 0.15),
    *(
        Target("training", f"conv {name}/100:{peer}", f"conv {name}/100: time of a step / {title}", 0.80)
        for name in ("4-8-12", "6-12-24", "24-48-64")
        for peer, title in (("jax_scan", "JAX scan"), ("torch_eager", "PyTorch fused Adam"))
    ),
    Target("deep", "20", "20 layers: seconds of compiling / JAX scan", 1.0),
    Target("deep", "100", "100 layers: seconds of compiling / JAX scan", 0.8),
    Target("rows", "first", "a number of rows not seen before: above a later prediction", 1.0, "ms"),
    Target("rows", "called", "a model called on a number of rows not seen before: above a later call", 1.0, "ms"),
    Target("long", "slowdown", "784-512-512-10/128: time of a step in epochs 13 to 16 / in epochs 2 to 5", 1.1),
    *(
        Target("products", f"{key}:{threads}", f"product {key}, threads: {threads} / measured peak", 0.85, "", True)
        for threads in (1, THREADS)
        for key in ("128x784 @ 784x512", "128x784^T @ 128x512", "128x512 @ 784x512^T")
    ),
    Target("curve", "worst", "curve: time of a step up / (time before * (more work + 20 %)), the worst", 1.0),
    *(
        Target("loaded", network, f"{network}: slowdown with a processor busy / JAX scan's slowdown", 1.0)
        for network in _STEP_TIMES
    ),
    Target("inference", "above_kernel", "predictions for one row: above the kernel's time", 20.0, "us"),
    *(
        Target("old_programs", program, f"{program}: seconds from start to end / through TensorFlow's layer", 1.0)
        for program in KINDS
    ),
    Target("old_programs", "step:tf1_softmax.py", "a session's step of tf1_softmax.py: above its kernel", 60.0, "us"),
    Target("old_programs", "step:eager_digits.py", "a tape's step of eager_digits.py: above its kernel", 200.0, "us"),
    Target("labs", "2-4-2-1:epochs", "the playground, 2-4-2-1: epochs of 500 points a second", 2000.0, "", True),
    Target("labs", "2-4-2-1:frames", "the playground, 2-4-2-1: frames drawn a second meanwhile", 30.0, "", True),
    Target("labs", "2-8x6-1:frames", "the playground, 2-8-8-8-8-8-8-1: frames drawn a second", 30.0, "", True),
    Target("labs", "2-4-2-1:clicks", "the playground: the longest that a click waits while it trains", 100.0, "ms"),
    Target("startup", "import", "import", 0.45, "s"),
    Target("startup", "cold", "an MLP's first step, nothing in the cache", 0.35, "s"),
    Target("startup", "warm", "an MLP's first step, code in the cache", 0.10, "s"),
    Target("startup", "mnist", "process start to MNIST at 98 % of the test set", 4.0, "s"),
    *(
        Target("linear", problem, f"{problem}: seconds to a gap of 1e-3 / the best peer", 1.0)
        for problem in PROBLEMS
        if not problem.endswith(STEPS)
    ),
    Target("linear", f"rcv1-like/{STEPS}:speed", "rcv1-like: stochastic steps, one thread", 300.0, "M numbers/s", True),
    Target("linear", f"rcv1-like/{STEPS}:threads", "rcv1-like: stochastic steps, two threads / one", 1.5, "", True),
    Target("tables", "error", "tables: error of RealMLP / pytabkit's, shifted geometric mean", 1.01),
    Target("tables", "seconds", "tables: seconds of a fit / pytabkit's RealMLP, geometric mean", 1 / 3),
    Target("mlp", "fit", "MLPs of tables: a fit, how many times as fast as scikit-learn's", 4.0, "", True),
    Target("mlp", "row", "MLPs of tables: a prediction for one row, how many times as fast", 5.0, "", True),
    *(
        Target("many", f"8 x 30-64-64-2/{size}", f"8 networks 30-64-64-2, batch {size}: together / one by one", 0.5)
        for size in (32, 128)
    ),
    Target("many", "5 folds of RealMLP", "5 folds of RealMLP: together / one by one", 0.7),
    Target("served", "mlp", "a row asked of `feedforward serve`, a plain MLP", 1.0, "ms"),
    Target("served", "realmlp", "a row asked of `feedforward serve`, RealMLP", 1.0, "ms"),
    *(
        Target(
            "unrolled", f"{name}:{peer}", f"a rule through 20 steps, {name}: times as fast as {title}", gain, "", True
        )
        for name in ("quadratics", "network")
        for peer, title, gain in (("torch_loop", "PyTorch", 5.0), ("jax_scan", "JAX scan", 1.5))
    ),
)
"""All of them, in the order of the page."""
