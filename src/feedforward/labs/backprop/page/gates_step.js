// What happens in a gate, in words and numbers: forward its value; backward the chain rule, one line for each input.

import { make } from "../../page/elements.js";
import { signOf, typeset } from "./gates_text.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./gates_circuit.js").Circuit} Circuit */
/** @typedef {import("./gates_circuit.js").Gate} Gate */

/** @typedef {Record<"a" | "b" | "v", string>} Letters  what the engine's letters for a gate's inputs and output are called */

/** @type {Letters[]} */
const LETTERS = [{ a: "a", b: "b", v: "v" }, { a: "p", b: "q", v: "u" }, { a: "r", b: "s", v: "h" }];
const PLACES = /** @type {("a" | "b")[]} */ (["a", "b"]);

/**
 * Return letters that no input of the circuit has for a name.
 * @param {Circuit} circuit
 */
function lettersFor(circuit) {
  const taken = new Set(circuit.inputs.map((input) => input.name));
  return LETTERS.find((letters) => !Object.values(letters).some((letter) => taken.has(letter))) ?? LETTERS[0];
}

/**
 * Return a formula of a gate with these letters.
 * @param {string} formula
 * @param {Letters} letters
 */
function lettered(formula, letters) {
  return formula.replace(/\b[abv]\b/g, (letter) => letters[/** @type {"a"} */ (letter)]);
}

/**
 * Return the explanation of a gate, as far as the steps have come.
 * @param {Shell} shell
 * @param {Circuit} circuit
 * @param {number} index
 * @returns {HTMLElement[]}
 */
export function explain(shell, circuit, index) {
  const gate = circuit.gates[index];
  const heading = make("p", { class: "what" }, make("span", { class: "sign" }, signOf(gate.label)), typeset(gate.text));
  if (!gate.operands.length) return [heading, ...ofLeaf(shell, circuit, gate)];
  const letters = lettersFor(circuit);
  const lines = [heading, ...forward(shell, circuit, gate, letters)];
  if (gate.value !== null && gate.gradient !== null) lines.push(...backward(shell, circuit, gate, letters));
  if (gate.kink) lines.push(make("p", { class: "note kink" }, shell.say(`kink.${gate.kink}`)));
  return lines;
}

/**
 * @param {Shell} shell
 * @param {Circuit} circuit
 * @param {Gate} gate
 */
function ofLeaf(shell, circuit, gate) {
  const lines = [equation(symbol(gate.text), " = ", green(shell, gate.value))];
  if (gate.operation === "constant") return lines;
  if (gate.gradient !== null) {
    lines.push(equation(partial("f", gate.text), " = ", ...sum(shell, circuit, gate)));
    if (gate.is_complete) lines.push(make("p", { class: "note" }, shell.say("gates.meaning", { name: gate.text, gradient: shell.number(gate.gradient) })));
  }
  return lines;
}

/**
 * @param {Shell} shell
 * @param {Circuit} circuit
 * @param {Gate} gate
 * @param {Letters} letters
 */
function forward(shell, circuit, gate, letters) {
  const known = make("p", { class: "equation given" });
  gate.operands.forEach((operand, place) => {
    if (place) known.append(", ");
    known.append(symbol(letters[PLACES[place]]), " = ");
    if (operand.gate !== null) known.append(typeset(circuit.gates[operand.gate].text), " = ");
    known.append(green(shell, operand.value));
  });
  const lines = [make("h3", {}, shell.say("gates.forward")), known];
  if (gate.value === null) return [...lines, make("p", { class: "note" }, shell.say("gates.later"))];
  const formula = lettered(gate.formula, letters);
  const numbers = numbersOf(shell, gate, letters);
  lines.push(equation(symbol(letters.v), " = ", typeset(formula), " = ", typeset(formula, numbers), " = ", green(shell, gate.value)));
  return lines;
}

/**
 * @param {Shell} shell
 * @param {Circuit} circuit
 * @param {Gate} gate
 * @param {Letters} letters
 */
function backward(shell, circuit, gate, letters) {
  const lines = [make("h3", {}, shell.say("gates.backward"))];
  const upstream = gate.is_last && !gate.received.length
    ? [red(shell, gate.gradient), make("span", { class: "note" }, ` (${shell.say("gates.seed")})`)]
    : sum(shell, circuit, gate);
  lines.push(equation(make("span", { class: "note" }, `${shell.say("gates.upstream")} `), partial("f", letters.v), " = ", ...upstream));
  const numbers = numbersOf(shell, gate, letters);
  gate.operands.forEach((operand, place) => {
    if (operand.gate === null || operand.slope === null) return;
    const [value, formula, held] = [gate.formula, operand.slope_formula, operand.case].map((text) => lettered(text, letters));
    const slope = shell.number(operand.slope);
    const local = [partial(/^\w+\(.*\)$|^\|/.test(value) ? value : `(${value})`, letters[PLACES[place]]), " = "];
    if (formula) {
      local.push(typeset(formula));
      if (!/^-?\d+$/.test(formula)) {
        if (/[*/+^(]|. -/.test(formula)) local.push(" = ", typeset(formula, numbers));
        local.push(" = ", bold(slope));
      }
    } else {
      local.push(bold(slope), make("span", { class: "note" }, " ", shell.say("gates.since"), " ", typeset(held), ": ", typeset(held, numbers)));
    }
    const chain = [
      " ", shell.say("gates.times"), " ", red(shell, gate.gradient), " = ", red(shell, operand.sent),
      make("span", { class: "note" }, " → ", typeset(circuit.gates[operand.gate].text)),
    ];
    lines.push(make("p", { class: "equation chain" }, make("span", { class: "local" }, ...local), make("span", { class: "sent" }, ...chain)));
  });
  return lines;
}

/**
 * Return the gradient of a gate, as the sum of what has arrived where it is read more than once.
 * @param {Shell} shell
 * @param {Circuit} circuit
 * @param {Gate} gate
 * @returns {(Node | string)[]}
 */
function sum(shell, circuit, gate) {
  if (gate.readers < 2) return [red(shell, gate.gradient)];
  /** @type {(Node | string)[]} */
  const parts = [];
  gate.received.forEach(({ gate: reader, sent }, place) => {
    if (place) parts.push(" + ");
    const term = red(shell, sent);
    term.title = circuit.gates[reader].text;
    if (place && sent < 0) parts.push("(", term, ")");
    else parts.push(term);
  });
  if (gate.is_complete) parts.push(" = ", bold(red(shell, gate.gradient)), make("span", { class: "note" }, ` (${shell.say("gates.sum", { count: gate.readers })})`));
  else parts.push(" + …", make("span", { class: "note" }, ` (${shell.say("gates.part", { count: gate.received.length, all: gate.readers })})`));
  return parts;
}

/**
 * Return the numbers for the letters of a gate's formulas.
 * @param {Shell} shell
 * @param {Gate} gate
 * @param {Letters} letters
 */
function numbersOf(shell, gate, letters) {
  /** @type {Record<string, string>} */
  const numbers = { [letters.v]: shell.number(gate.value) };
  gate.operands.forEach((operand, place) => {
    numbers[letters[PLACES[place]]] = shell.number(operand.value);
  });
  return numbers;
}

/** @param {...(Node | string)} parts */
const equation = (...parts) => make("p", { class: "equation" }, ...parts);

/** @param {string} letter */
const symbol = (letter) => make("i", {}, letter);

/** @param {Node | string} text */
const bold = (text) => make("b", {}, text);

/**
 * @param {string} of
 * @param {string} by
 */
function partial(of, by) {
  return make("span", { class: "partial" }, "∂", typeset(of), "/∂", symbol(by));
}

/**
 * @param {Shell} shell
 * @param {number | null} value
 */
const green = (shell, value) => make("span", { class: "is-value" }, shell.number(value));

/**
 * @param {Shell} shell
 * @param {number | null} value
 */
const red = (shell, value) => make("span", { class: "is-gradient" }, shell.number(value));
