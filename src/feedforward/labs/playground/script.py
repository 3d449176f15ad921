"""A run as a program of the package alone, which comes to the same numbers; and its model as plain layers.

A run with a plain history is a plain program. One whose loss, penalty, dropout or single weights were changed on the
way shows the very network of the lab, with what can be changed in it.
"""

from __future__ import annotations

import inspect
from typing import Any

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.playground import network as of_network
from feedforward.labs.playground.data import MAKERS, order_of, split
from feedforward.labs.playground.optimizing import optimizer_of
from feedforward.labs.playground.record import MOST_EVENTS
from feedforward.labs.playground.run import Run, loss_of, plan_of
from feedforward.labs.playground.settings import Settings, with_change

__all__ = ["model_of", "script_of"]

_PLAIN = ("batch_size", "learning_rate", "optimizer", "schedule", "schedule_epochs")
"""Settings whose change a plain program follows."""

_HEAD = '''"""A network of the playground: prints the losses that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import feedforward as ff

SEED = {seed}
'''

_FOR_CLASSES = "from dataclasses import dataclass\nfrom itertools import pairwise\n\n"

_STEPS = '''
epoch = samples = 0  # whole epochs done, and points taken since


def train_on(size: int, batches: int) -> None:
    """Train on the next batches of so many points; each epoch takes the points in an order of its own."""
    global epoch, samples
    while batches:
        order = order_of(SEED, epoch, len(train))[samples:][: batches * size]
        model.train_on_batches(inputs[train], targets[train], order=order, batch_size=size)
        batches -= -(-len(order) // size)
        samples += len(order)
        if samples == len(train):
            epoch, samples = epoch + 1, 0


'''

_END = """
losses = loss.per_sample(targets, model(ff.Tensor(inputs))).numpy()
print("train", float(losses[train].mean()))
print("test", float(losses[test].mean()))
"""


def script_of(run: Run) -> str:
    """Return a program that trains as a run was, and prints its losses.

    Raises
    ------
    LabError
        If too much was changed on the way.
    """
    record = run.record
    if not record.is_whole:
        raise LabError("script_too_long", most=MOST_EVENTS)
    names = {event[1] if event[0] == "set" else event[0] for event in record.events}
    is_plain = names <= {"train", *_PLAIN}
    parts = [_HEAD.format(seed=record.begun.seed)]
    parts += [_source(one) for one in _shown_sources(run, names, is_plain)]
    parts += [_data(run, record.begun), _network(run, record.begun, is_plain), _STEPS, *_lines(run, is_plain), _END]
    text = "".join(parts)
    return text if "@dataclass" in text else text.replace(_FOR_CLASSES, "", 1)


def _source(shown: Any) -> str:
    return f"\n\n{inspect.getsource(shown)}"


def _shown_sources(run: Run, names: set[str], is_plain: bool) -> list[Any]:
    data = run.settings.data
    shown: list[Any] = [split, order_of] if data == "own" else [MAKERS[data], split, order_of]
    if not is_plain:
        return [
            *shown,
            of_network.Penalty,
            of_network.Held,
            of_network.hold_nothing,
            of_network.keep_state,
            of_network.Plan,
            of_network.Network,
            of_network.take_over,
            of_network.layers_of,
            of_network.build,
        ]
    has_states = bool(names & {"optimizer", "schedule", "schedule_epochs"}) or run.record.begun.schedule != "constant"
    return [*shown, of_network.keep_state] if has_states else shown


def _data(run: Run, begun: Settings) -> str:
    """Return the lines that make points, features and targets."""
    if run.own is not None and begun.data == "own":
        made = f"points = np.array({run.own.points.tolist()})\nvalues = np.array({run.own.classes.tolist()})\n"
    else:
        call = f"{begun.data}(np.random.default_rng([SEED, 0]), {begun.points}, {begun.noise / 100!r})"
        made = f"points, values = {call}\n"
    columns = [f"np.full(len(points), {one.text})" if one.is_constant else one.text for one in run.formulas.values()]
    return (
        f"\n\n{made}"
        f"train, test = split(SEED, len(points), {begun.train_share / 100!r})\n"
        f"x1, x2 = points.T\n"
        f"inputs = np.stack([{', '.join(columns)}], 1)\n"
    )


def _objective(run: Run, settings: Settings) -> str:
    """Return the lines that say what the network shall say, and what its mistakes cost."""
    name, output = loss_of(run.data.task, settings.loss)
    targets = "values[:, None]"
    if run.data.task == "classes":
        targets = "values.astype(np.int64)"
    elif run.data.task == "binary" and output == "tanh":
        targets = "(2 * values - 1)[:, None]"
    return f"targets = {targets}\nloss = ff.losses.{name}()\n"


def _optimizer(run: Run, settings: Settings) -> str:
    steps = settings.schedule_epochs * -(-len(run.data.train) // settings.batch_size)
    return str(optimizer_of(settings.optimizer, settings.schedule, settings.learning_rate, steps))


def _network(run: Run, begun: Settings, is_plain: bool) -> str:
    """Return the lines that build and compile the first network."""
    plan = plan_of(begun, run.inputs.shape[1], run.data.task, len(run.data.names))
    if is_plain:
        built = f"\nmodel = ff.Sequential(\n    [\n{_layers(plan, begun)}    ]\n)\nmodel.seed = SEED\n"
    else:
        built = f"\nnetwork = build({plan!r})\nnetwork.set_penalties({begun.penalties!r})\nmodel = network.model\n"
    return f"{_objective(run, begun)}{built}model.compile({_optimizer(run, begun)}, loss)\n"


def _layers(plan: of_network.Plan, settings: Settings) -> str:
    """Return the layers of a plain network, one a line."""
    penalty = ""
    if settings.penalty != "none":
        penalty = f", kernel_regularizer=ff.regularizers.{settings.penalty.upper()}({settings.penalty_rate!r})"
    lines = [f'ff.Input(({plan.inputs},), dtype="float64")']
    for index, units in enumerate((*plan.layers, plan.outputs)):
        is_last = index == len(plan.layers)
        seed = f"SEED + {index}" if index else "SEED"
        initializer = f"ff.initializers.GlorotUniform(seed={seed})"
        lines.append(f"ff.layers.Dense({units}, kernel_initializer={initializer}{penalty})")
        if plan.batch_norm and not is_last:
            lines.append("ff.layers.BatchNormalization()")
        lines.append(f'ff.layers.Activation("{plan.output if is_last else plan.activations[index]}")')
        if plan.dropout and not is_last:
            lines.append(f"ff.layers.Dropout({plan.dropout!r})")
    return "".join(f"        {line},\n" for line in lines)


def _lines(run: Run, is_plain: bool) -> list[str]:
    """Return a line or some for each thing that was done."""
    settings, lines = run.record.begun, []
    for event in run.record.events:
        match event:
            case ("train", size, batches):
                lines.append(f"train_on({size}, {batches})\n")
            case ("weight", layer, place, value):
                lines.append(f"network.set_weight({layer}, {place}, {value!r})\n")
            case ("hold", layer, place, is_held):
                lines.append(f"network.hold({layer}, {place}, {is_held})\n")
            case (_, name, value):
                before, settings = settings, with_change(settings, name, value)
                lines.append(_change(run, before, settings, name))
    return lines


def _change(run: Run, before: Settings, settings: Settings, name: str) -> str:
    """Return the lines for a setting that was changed; see `Run.change`."""
    match run.kind_of_change(before, settings, name):
        case "penalty":
            return f"network.set_penalties({settings.penalties!r})\n"
        case "rebuild":
            plan = plan_of(settings, run.inputs.shape[1], run.data.task, len(run.data.names))
            return (
                f"{_objective(run, settings)}before, network = network, build({plan!r})\n"
                f"network.set_penalties({settings.penalties!r})\nmodel = network.model\n"
                f"model.compile({_optimizer(run, settings)}, loss)\ntake_over(network, before)\n"
            )
        case "compile":
            return (
                f"state = model.optimizer\nmodel.compile({_optimizer(run, settings)}, loss)\nkeep_state(model, state)\n"
            )
        case "rate":
            return f"model.optimizer.learning_rate = {settings.learning_rate!r}\n"
    return ""


def model_of(run: Run) -> ff.Sequential:
    """Return the model of plain layers of the package, with the optimizer and its state."""
    settings = run.settings
    penalty = None
    if settings.penalty != "none":
        penalty = getattr(ff.regularizers, settings.penalty.upper())(settings.penalty_rate)
    plan = run.plan
    layers = of_network.layers_of(plan, penalty, [(None, None)] * (len(plan.layers) + 1))
    model = ff.Sequential([ff.Input((plan.inputs,), dtype="float64"), *layers])
    model.seed = settings.seed
    model.compile(run.optimizer.make(), run.loss)
    model.set_weights(run.network.model.get_weights())
    of_network.keep_state(model, run.network.optimizer)
    return model
