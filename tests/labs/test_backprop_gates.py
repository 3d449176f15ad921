"""Oracle: values and gradients that CS231n publishes, as printed and worked by hand; central differences by Python."""

import contextlib
import io
import json
import math
import random
import re
from importlib.resources import files
from itertools import pairwise

import pytest

from feedforward.labs.backprop.gates import Circuit, GateActions
from feedforward.labs.backprop.gates.building import MOST_GATES, build
from feedforward.labs.backprop.gates.circuit import PRESETS
from feedforward.labs.backprop.gates.gate import OPERATIONS
from feedforward.labs.backprop.gates.layout import lay_out
from feedforward.labs.errors import LabError
from feedforward.labs.formulas import MOST_CHARACTERS, evaluate, parse
from feedforward.labs.lab import Lab
from feedforward.labs.link import read_link, write_link

EPSILON = 2.0**-52


class Gates(GateActions, Lab):
    """A lab with the actions of the gates alone."""

    def __init__(self, preset="product"):
        super().__init__(None)
        self.circuit = Circuit.preset(preset)


@pytest.fixture(scope="module")
def circuits():
    """The well-known circuits, each compiled once."""
    return {name: Circuit.preset(name) for name in PRESETS}


def by_label(circuit):
    """Value and gradient of each gate, as (label, value, gradient)."""
    gates = circuit.frame()["gates"]
    return [(gate["label"], gate["value"], gate["gradient"]) for gate in gates]


def gradients(circuit):
    return {one["name"]: one["gradient"] for one in circuit.frame()["inputs"]}


def test_the_product_has_the_published_numbers(circuits):
    # q = x + y = 3, f = q z = -12; df/dq = z = -4, df/dz = q = 3, and dq/dx = dq/dy = 1.
    assert by_label(circuits["product"]) == [
        ("x", -2, -4),
        ("y", 5, -4),
        ("+", 3, -4),
        ("z", -4, 3),
        ("*", -12, 1),
    ]


def test_the_max_circuit_has_the_published_numbers(circuits):
    # x y = -12, max(z, w) = 2, sum -10, twice -20; 2 goes back through +, is swapped by *, and routed to z by max.
    assert by_label(circuits["max"]) == [
        ("x", 3, -8),
        ("y", -4, 6),
        ("*", -12, 2),
        ("z", 2, 2),
        ("w", -1, 0),
        ("max", 2, 2),
        ("+", -10, 2),
        ("*2", -20, 1),
    ]


def test_the_neuron_has_the_published_numbers(circuits):
    printed = [
        ("w0", 2.00, -0.20),
        ("x0", -1.00, 0.39),
        ("*", -2.00, 0.20),
        ("w1", -3.00, -0.39),
        ("x1", -2.00, -0.59),
        ("*", 6.00, 0.20),
        ("+", 4.00, 0.20),
        ("w2", -3.00, 0.20),
        ("+", 1.00, 0.20),
        ("*-1", -1.00, -0.20),
        ("exp", 0.37, -0.53),
        ("+1", 1.37, -0.53),
        ("1/x", 0.73, 1.00),
    ]
    found = by_label(circuits["neuron"])
    assert [(label, round(value, 2), round(gradient, 2)) for label, value, gradient in found] == printed
    slope = 1 / (1 + math.exp(-1)) * (1 - 1 / (1 + math.exp(-1)))
    by_hand = {"w0": -slope, "x0": 2 * slope, "w1": -2 * slope, "x1": -3 * slope, "w2": slope}
    assert gradients(circuits["neuron"]) == pytest.approx(by_hand, rel=16 * EPSILON)  # eight gates, an ulp or two each


def test_the_staged_example_has_the_published_numbers(circuits):
    # The course's notes print 1.5456448841066441, 2.0595697955721652 and 1.5922327514838093.
    values = circuits["fan_out"].numbers.values
    assert values[-1] == pytest.approx(1.5456448841066441, rel=16 * EPSILON)
    expected = {"x": 2.0595697955721652, "y": 1.5922327514838093}
    assert gradients(circuits["fan_out"]) == pytest.approx(expected, rel=32 * EPSILON)


def test_one_gate_for_a_sigmoid_gives_the_same_as_four(circuits):
    folded = circuits["neuron"].expanded(False)
    assert [gate.label for gate in folded.wiring.gates][-2:] == ["+", "sigmoid"]
    assert gradients(folded) == pytest.approx(gradients(circuits["neuron"]), rel=16 * EPSILON)
    assert folded.expanded(True).wiring.gates == circuits["neuron"].wiring.gates


def test_each_gate_is_taken_once_in_each_pass(circuits):
    for circuit in circuits.values():
        order = [index for index, gate in enumerate(circuit.wiring.gates) if not gate.is_leaf]
        seen = [circuit.at(step) for step in range(circuit.wiring.steps + 1)]
        phases = ["inputs", *["forward"] * len(order), "seed", *["backward"] * len(order)]
        assert [one.phase for one in seen] == phases
        assert [one.current for one in seen] == [None, *order, order[-1], *reversed(order)]


def test_a_step_shows_what_has_been_computed_and_nothing_more(circuits):
    circuit = circuits["neuron"]
    count = len(circuit.wiring.order)
    for step in range(circuit.wiring.steps + 1):
        frame = circuit.at(step).frame()
        computed = [gate["value"] for gate in frame["gates"] if gate["operands"]]
        assert sum(value is not None for value in computed) == min(step, count)
        sent = [wire["sent"] for wire in frame["wires"]]
        taken = circuit.wiring.order[count - max(0, step - count - 1) :]
        assert sum(one is not None for one in sent) == sum(len(circuit.wiring.gates[gate].sources) for gate in taken)
        assert all(one["gradient"] is None for one in frame["inputs"]) or step > count + 1


def test_stepping_back_gives_the_same_state(circuits):
    for circuit in circuits.values():
        frames = [json.dumps(circuit.at(step).frame()) for step in range(circuit.wiring.steps + 1)]
        walked = circuit
        for step in reversed(range(circuit.wiring.steps + 1)):
            walked = walked.at(step)
            assert json.dumps(walked.frame()) == frames[step]


def test_gradients_of_all_uses_add_up(circuits):
    frame = circuits["fan_out"].frame()
    for gate in frame["gates"]:
        if len(gate["received"]) > 1:
            total = math.fsum(one["sent"] for one in gate["received"])
            assert gate["gradient"] == pytest.approx(total, rel=8 * EPSILON)
    used = {gate["label"]: len(gate["received"]) for gate in frame["gates"]}
    assert (used["x"], used["y"]) == (3, 2)


def test_what_is_sent_back_is_the_local_derivative_times_the_gradient(circuits):
    for circuit in circuits.values():
        for gate in circuit.frame()["gates"]:
            for operand in gate["operands"]:
                if operand["gate"] is not None:
                    assert operand["sent"] == operand["slope"] * gate["gradient"]


# Each operation's derivative, from a table of derivatives (Abramowitz and Stegun, 3.3 and 4), at a = 0.7 and b = 1.9.
A, B = 0.7, 1.9
DERIVATIVES = {
    "a + b": (1, 1),
    "a - b": (1, -1),
    "a * b": (B, A),
    "a / b": (1 / B, -A / B**2),
    "a^b": (B * A ** (B - 1), A**B * math.log(A)),
    "max(a, b)": (0, 1),
    "min(a, b)": (1, 0),
    "exp(a)": (math.exp(A),),
    "log(a)": (1 / A,),
    "sqrt(a)": (0.5 / math.sqrt(A),),
    "sin(a)": (math.cos(A),),
    "cos(a)": (-math.sin(A),),
    "tan(a)": (1 / math.cos(A) ** 2,),
    "tanh(a)": (1 / math.cosh(A) ** 2,),
    "sigmoid(a)": (math.exp(-A) / (1 + math.exp(-A)) ** 2,),
    "relu(a)": (1,),
    "abs(a)": (1,),
    "sign(a)": (0,),
}


@pytest.fixture(scope="module")
def every():
    """One circuit with each operation of two inputs: so that it is compiled once."""
    formula = " + ".join(f"({text})" for text in DERIVATIVES)
    return Circuit.preset().with_formula(f"a*0 + b*0 + ({formula})").with_value("a", A).with_value("b", B)


def test_each_operation_has_the_derivative_that_a_table_has_and_that_is_shown(every):
    functions = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "power": lambda a, b: a**b,
        "negate": lambda a: -a,
        **{name: getattr(math, name) for name in ("sin", "cos", "log")},
    }
    found = {gate["text"]: gate for gate in every.frame()["gates"]}
    for text, expected in DERIVATIVES.items():
        gate = found[text]
        slopes = [operand["slope"] for operand in gate["operands"]]
        assert slopes == pytest.approx(expected, rel=8 * EPSILON), text
        for operand in gate["operands"]:
            formula = operand["slope_formula"]
            if formula:
                names = {"a": A, "b": B, "v": gate["value"]}
                assert evaluate(parse(formula), names, functions) == pytest.approx(operand["slope"], rel=16 * EPSILON)
            else:
                case = operand["case"].replace("≤", "<=").replace(" = ", " == ")
                assert eval(case, {}, {"a": A, "b": B}), text  # a comparison of this package's table
    assert {gate["operation"] for gate in found.values()} >= OPERATIONS.keys()


@pytest.mark.parametrize(
    ("formula", "x", "kink", "slopes"),
    [
        ("max(x, 2)", 2.0, "tie", [0.5]),
        ("min(x, x)", 2.0, "tie", [0.5, 0.5]),
        ("relu(x)", 0.0, "relu", [0.0]),
        ("abs(x)", 0.0, "abs", [0.0]),
        ("sign(x)", 0.0, "sign", [0.0]),
        ("(x - 3)^x", 2.0, "power", [2 * (2 - 3) ** 1, 0.0]),
        ("abs(x)", 0.5, "", [1.0]),
        ("x^2", -1.0, "", [-2.0]),
    ],
)
def test_kinks_follow_the_conventions_of_the_package_and_are_named(formula, x, kink, slopes):
    gate = Circuit.preset().with_value("x", x).with_formula(formula).frame()["gates"][-1]
    assert gate["kink"] == kink
    assert [operand["slope"] for operand in gate["operands"] if operand["gate"] is not None] == slopes


def a_formula(draw, depth):
    """A smooth formula of x, y and z that is finite everywhere near [0.5, 2]."""
    if depth == 0:
        return draw.choice(["x", "y", "z", "0.75"])
    shape = draw.choice(
        ["({} + {})", "({} - {})", "{} * {}", "({}) / (2 + ({})^2)", "tanh({})", "sigmoid({})", "log(3 + sin({}))"]
    )
    return shape.format(a_formula(draw, depth - 1), a_formula(draw, depth - 1))


@pytest.mark.parametrize("seed", range(6))
def test_gradients_of_random_formulas_are_their_central_differences(seed):
    draw = random.Random(seed)
    formula = f"x + y + z + {a_formula(draw, 3)}"
    circuit = Circuit.preset().with_formula(formula)
    values = {name: draw.uniform(0.5, 2) for name in circuit.inputs}
    for name, value in values.items():
        circuit = circuit.with_value(name, value)
    functions = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "power": lambda a, b: a**b,
        "tanh": math.tanh,
        "sin": math.sin,
        "log": math.log,
        "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    }

    def f(name, move):
        return evaluate(parse(formula), {**values, name: values[name] + move}, functions)

    for one in circuit.frame()["inputs"]:
        by_python = (f(one["name"], 1e-5) - f(one["name"], -1e-5)) / 2e-5
        # Truncation is f''' h^2 / 6 and rounding eps f / h: both some 1e-10 here, times what the terms come to.
        assert one["gradient"] == pytest.approx(by_python, rel=1e-7, abs=1e-7)
        assert one["numeric"] == pytest.approx(one["gradient"], rel=1e-7, abs=1e-7)


def test_an_update_moves_each_input_along_its_gradient():
    lab = Gates()
    lab.act("gate_update", {"rate": 0.01, "direction": "up"})
    assert dict(lab.circuit.inputs) == {"x": -2 + 0.01 * -4, "y": 5 + 0.01 * -4, "z": -4 + 0.01 * 3}
    update = lab.circuit.frame()["update"]
    assert update["before"] == -12
    assert update["after"] == pytest.approx((-2.04 + 4.96) * -3.97, rel=4 * EPSILON)
    assert update["predicted"] == pytest.approx(0.01 * (16 + 16 + 9), rel=4 * EPSILON)
    lab.act("gate_update", {"rate": 0.01, "direction": "down"})
    assert lab.circuit.frame()["update"]["change"] < 0


@pytest.mark.parametrize(
    ("formula", "x", "key", "text"),
    [
        ("1 + log(x)", -2.0, "gate_log", "log(x)"),
        ("log(x)", 0.0, "gate_log", "log(x)"),
        ("sqrt(x)", -1.0, "gate_sqrt", "sqrt(x)"),
        ("3 * sqrt(x)", 0.0, "gate_steep", "sqrt(x)"),
        ("2 / x", 0.0, "gate_divide", "2 / x"),
        ("x^0.5", -1.0, "gate_power", "x^0.5"),
        ("exp(x)", 1000.0, "gate_overflow", "exp(x)"),
    ],
)
def test_what_is_not_finite_is_one_error_and_the_last_good_state_stays(formula, x, key, text):
    lab = Gates()
    lab.act("gate_value", {"variable": "x", "value": 1.0})
    lab.act("gate_formula", {"formula": formula})
    before = lab.circuit
    with pytest.raises(LabError) as caught:
        lab.act("gate_value", {"variable": "x", "value": x})
    assert (caught.value.key, caught.value.values["text"]) == (key, text)
    assert lab.circuit is before


@pytest.mark.parametrize(
    ("action", "arguments", "key"),
    [
        ("gate_formula", {"formula": "x +"}, "formula_ended"),
        ("gate_formula", {"formula": "2 * 3"}, "gate_no_input"),
        ("gate_formula", {"formula": "+".join(["sigmoid(x)"] * 20)}, "gate_many"),
        ("gate_formula", {"formula": "x" * (MOST_CHARACTERS + 1)}, "too_long"),
        ("gate_formula", {"formula": "__import__(x)"}, "formula_function"),
        ("gate_formula", {"formula": 3}, "no_text"),
        ("gate_value", {"variable": "q", "value": 1.0}, "gate_no_variable"),
        ("gate_value", {"variable": "x", "value": float("nan")}, "not_a_number"),
        ("gate_value", {"variable": "x", "value": 1e7}, "out_of_range"),
        ("gate_step", {"step": -1}, "out_of_range"),
        ("gate_step", {"step": True}, "not_whole"),
        ("gate_update", {"rate": 1.0, "direction": "sideways"}, "no_choice"),
        ("gate_preset", {"preset": "nothing"}, "no_choice"),
        ("gate_expand", {"is_expanded": 1}, "no_flag"),
    ],
)
def test_a_wrong_message_is_refused_and_the_circuit_stays(action, arguments, key):
    lab = Gates("neuron") if action == "gate_formula" else Gates()
    lab.circuit = before = lab.circuit
    with pytest.raises(LabError) as caught:
        lab.act(action, arguments)
    assert caught.value.key == key
    assert lab.circuit is before


def test_inputs_that_would_leave_all_bounds_are_not_moved():
    lab = Gates()
    lab.act("gate_value", {"variable": "x", "value": 9e5})
    with pytest.raises(LabError, match="gate_far"):
        lab.act("gate_update", {"rate": 100.0, "direction": "up"})
    assert lab.circuit.inputs["x"] == 9e5


def test_a_link_brings_the_same_state_to_the_bit():
    lab = Gates("neuron")
    lab.act("gate_value", {"variable": "w0", "value": 0.1 + 0.2})
    lab.act("gate_update", {"rate": 1 / 3, "direction": "up"})
    lab.act("gate_step", {"step": 11})
    again = Circuit.from_saved(read_link(write_link({"circuit": lab.circuit.saved()}))["circuit"])
    assert again.saved() == lab.circuit.saved()
    assert again.numbers == lab.circuit.numbers
    assert again.frame() == lab.circuit.frame()


GOOD = {"formula": "(x + y) * z", "is_expanded": False, "inputs": [1.0, 2.0, 3.0], "step": 2, "update": None}


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {key: value for key, value in GOOD.items() if key != "step"},
        {**GOOD, "formula": "x +"},
        {**GOOD, "formula": "x" * 5000},
        {**GOOD, "formula": 5},
        {**GOOD, "is_expanded": "yes"},
        {**GOOD, "inputs": [1.0, 2.0]},
        {**GOOD, "inputs": {"x": 1.0}},
        {**GOOD, "inputs": [1.0, 2.0, float("inf")]},
        {**GOOD, "inputs": [1.0, 2.0, 1e300]},
        {**GOOD, "inputs": [1.0, 2.0, "3"]},
        {**GOOD, "step": 6},
        {**GOOD, "step": -1},
        {**GOOD, "step": 1.0},
        {**GOOD, "update": [1.0]},
        {**GOOD, "update": [1.0, float("nan")]},
        {**GOOD, "update": {"before": 1.0}},
        {**GOOD, "formula": "1 / x", "inputs": [0.0]},
    ],
)
def test_saved_data_that_cannot_be_is_a_bad_link(saved):
    with pytest.raises(LabError, match="bad_link"):
        Circuit.from_saved(saved)


def test_a_new_input_begins_where_the_formula_has_a_value():
    assert Circuit.preset().with_formula("log(a - 1) / (a - b)").inputs == {"a": 2.0, "b": -1.0}
    with pytest.raises(LabError, match="gate_log"):
        Circuit.preset().with_formula("log(-abs(a))")


def test_saved_inputs_need_not_be_those_that_are_tried():
    saved = {**GOOD, "formula": "log(x - 5)", "inputs": [8.0], "step": 0}
    assert Circuit.from_saved(saved).numbers.values[-1] == pytest.approx(math.log(3), rel=2 * EPSILON)


@pytest.mark.parametrize("formula", ["(x + y) * z", "tan(x) - max(x, y)*lambda_ + f^2", "relu(-x) + abs(tape) / 9"])
def test_the_script_prints_the_value_and_the_gradients(formula):
    circuit = Circuit.preset().with_formula(formula)
    circuit = circuit.with_value("x", -0.7)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(circuit.script(), {"__name__": "__main__"})  # the program that a reader would run
    lines = dict(line.split(" = ") for line in printed.getvalue().splitlines())
    assert float(lines.pop("f")) == pytest.approx(circuit.numbers.values[-1], rel=1e-12)
    found = {name.removeprefix("df/d"): float(value) for name, value in lines.items()}
    assert found == pytest.approx(gradients(circuit), rel=1e-12)


@pytest.mark.parametrize(
    "formula",
    [
        *[formula for formula, _ in PRESETS.values()],
        "x",
        "+".join(f"x{index}" for index in range(MOST_GATES // 2)),
        "sigmoid(x) * sigmoid(y) + tanh(x*y + z)^2 / (x + y) - max(z, x)",
    ],
)
def test_no_two_gates_overlap_and_wires_run_to_the_right(formula):
    gates = build(parse(formula), True)
    layout = lay_out(gates)
    for column in set(layout.columns):
        rows = sorted(row for row, other in zip(layout.rows, layout.columns, strict=True) if other == column)
        assert all(after - before > 1 - 1e-9 for before, after in pairwise(rows))
    for wire in layout.wires:
        columns = [column for column, _ in wire.points]
        assert columns == list(range(layout.columns[wire.source], layout.columns[wire.target] + 1))
        # At a bend, no gate is near.
        for column, row in wire.points[1:-1]:
            near = [abs(row - other) for other, own in zip(layout.rows, layout.columns, strict=True) if own == column]
            assert all(distance > 0.7 - 1e-9 for distance in near)


def test_the_well_known_trees_are_drawn_without_crossings(circuits):
    for name in ("product", "neuron", "max"):
        wires = circuits[name].wiring.layout.wires
        parts = [pair for wire in wires for pair in pairwise(wire.points)]
        for (left, from_row), (_, to_row) in parts:
            for (other, from_other), (_, to_other) in parts:
                if left == other:
                    assert (from_row - from_other) * (to_row - to_other) >= 0


def test_whatever_the_page_names_has_words_in_both_languages():
    folder = files("feedforward.labs.backprop")
    words = json.loads((folder / "words.json").read_text("utf-8"))
    wanted = {f"gates.preset.{name}" for name in PRESETS}
    wanted |= {f"gates.phase.{name}" for name in ("inputs", "forward", "seed", "backward")}
    wanted |= {f"kink.{name}" for name in ("tie", "relu", "abs", "sign", "power")}
    wanted |= {f"error.gate_{name}" for name in ("log", "sqrt", "divide", "power", "overflow", "steep")}
    for page in ("gates", "gates_circuit", "gates_step", "gates_inputs"):
        source = (folder / "page" / f"{page}.js").read_text("utf-8")
        wanted |= {f"gates.{key}" for key in re.findall(r'"gates\.(\w+)"', source)}
    assert len(wanted) > 40
    for language in ("en", "zh"):
        assert wanted <= words[language].keys()
