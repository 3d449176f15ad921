// The formulas of a unit, of the loss and of the update, with the present numbers put in.

import { make } from "../../page/elements.js";
import { indexOf, nameOf } from "./frame.js";
import { factor, formula, FUNCTIONS, line, sum, symbol } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Known} Known */
/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * Return the formulas of what is chosen, or else of what was computed last.
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Known} known
 * @param {[number, number] | null} chosen
 * @returns {Node[]}
 */
export function equations(shell, frame, known, chosen) {
  if (chosen) return ofUnit(shell, frame, known, chosen[0], chosen[1]);
  if (known.phase === "") return [make("p", { class: "note" }, shell.say("equations.start"))];
  if (known.phase === "loss") return ofLoss(shell, frame);
  if (known.phase === "update") return ofUpdate(shell, frame);
  return known.now.flatMap(([layer, unit]) => ofUnit(shell, frame, known, layer, unit));
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Known} known
 * @param {number} layer
 * @param {number} unit
 */
function ofUnit(shell, frame, known, layer, unit) {
  const name = nameOf(frame, layer, unit);
  const heading = (/** @type {string} */ key) => make("h3", {}, ...formula(shell.say(key, { unit: symbol(name) })));
  const isKnown = known.forward(layer, unit);
  const lines = isKnown ? forward(shell, frame, layer, unit) : [make("p", { class: "note" }, shell.say("equations.later"))];
  const parts = [make("div", { class: "part" }, heading("equations.forward"), ...lines)];
  if (known.backward(layer, unit)) parts.push(make("div", { class: "part" }, heading("equations.backward"), ...backward(shell, frame, layer, unit)));
  return parts;
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 */
function forward(shell, frame, layer, unit) {
  const example = frame.settings.example - 1;
  const values = frame.layers[layer];
  const write = (/** @type {number} */ value) => shell.number(value, 4);
  const name = symbol(nameOf(frame, layer, unit));
  const inputs = values.before[example].map((value, source) => ({
    value,
    name: symbol(nameOf(frame, layer - 1, source)),
    weight: values.kernel[source][unit],
    letter: symbol(frame.network.parameters[indexOf(frame, layer, source, unit)].name),
  }));
  const bias = symbol(frame.network.parameters[indexOf(frame, layer, null, unit)].name);
  const symbols = sum([...inputs.map((one) => `${one.letter}·${one.name}`), bias]);
  const numbers = sum([...inputs.map((one) => `${write(one.weight)}·${factor(write(one.value))}`), write(values.bias[unit])]);
  const z = values.z[example][unit];
  const [left, right] = activation(frame, layer, unit, write);
  return [
    line(`z_{${nameOf(frame, layer, unit)}} = ${symbols}`),
    line(`= ${numbers} = [v:${write(z)}]`, "further"),
    line(`${name} = ${left}`),
    line(`= ${right} = [v:${write(values.a[example][unit])}]`, "further"),
  ];
}

/**
 * Return what the loss of the shown example is called.
 * @param {Frame} frame
 */
const lossOf = (frame) => (frame.losses.length > 1 ? `L_{${frame.settings.example}}` : "L");

/**
 * Return an activation in symbols and in numbers.
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 * @param {(value: number) => string} write
 */
function activation(frame, layer, unit, write) {
  const kind = frame.network.activations[layer];
  const sums = frame.layers[layer].z[frame.settings.example - 1];
  const z = `z_{${nameOf(frame, layer, unit)}}`;
  const number = write(sums[unit]);
  const opposite = number.startsWith("−") ? number.slice(1) : `−${number}`;
  if (kind === "sigmoid") return [`σ(${z})`, `1 / (1 + e^{${opposite}})`];
  if (kind === "relu") return [`max(0, ${z})`, `max(0, ${number})`];
  if (kind === "softmax") {
    const all = sums.map((_z, other) => `e^{z ${nameOf(frame, layer, other)}}`).join(" + ");
    return [`e^{z ${nameOf(frame, layer, unit)}} / (${all})`, `e^{${number}} / (${sums.map((one) => `e^{${write(one)}}`).join(" + ")})`];
  }
  return kind === "tanh" ? [`tanh(${z})`, `tanh(${number})`] : [z, number];
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 */
function backward(shell, frame, layer, unit) {
  const example = frame.settings.example - 1;
  const values = frame.layers[layer];
  const write = (/** @type {number} */ value) => shell.number(value, 4);
  const name = nameOf(frame, layer, unit);
  const delta = values.delta[example][unit];
  const lines = [...deltaLines(shell, frame, layer, unit, write)];
  values.before[example].forEach((value, source) => {
    const index = indexOf(frame, layer, source, unit);
    const weight = symbol(frame.network.parameters[index].name);
    const input = symbol(nameOf(frame, layer - 1, source));
    lines.push(line(`∂${lossOf(frame)}/∂${weight} = δ_{${name}}·${input} = [g:${write(delta)}]·[v:${factor(write(value))}] = [g:${write(frame.own_gradient[index])}]`));
  });
  const index = indexOf(frame, layer, null, unit);
  lines.push(line(`∂${lossOf(frame)}/∂${symbol(frame.network.parameters[index].name)} = δ_{${name}} = [g:${write(frame.own_gradient[index])}]`));
  if (frame.losses.length > 1) lines.push(make("p", { class: "note" }, shell.say("equations.own")));
  return lines;
}

/**
 * Return the formula of delta, the derivative of the loss with respect to a unit's sum.
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 * @param {(value: number) => string} write
 */
function deltaLines(shell, frame, layer, unit, write) {
  const example = frame.settings.example - 1;
  const { widths, names, is_joined: isJoined, activations } = frame.network;
  const values = frame.layers[layer];
  const name = nameOf(frame, layer, unit);
  const isLast = layer === widths.length - 2;
  const result = `[g:${write(values.delta[example][unit])}]`;
  const start = `δ_{${name}} = ∂${lossOf(frame)}/∂z_{${name}}`;
  const [a, target] = [values.a[example][unit], frame.targets[example][unit]];
  if (isLast && frame.network.loss === "cross_entropy") {
    return [
      line(`${start} = ${symbol(name)} − t_{${unit + 1}}`),
      line(`= [v:${write(a)}] − ${factor(write(target))} = ${result}`, "further"),
      make("p", { class: "note" }, shell.say(activations[layer] === "softmax" ? "equations.softmax" : "equations.sigmoid")),
    ];
  }
  if (isLast && isJoined) {
    const terms = names[layer + 1].map((other, index) => `(${symbol(other)} − t_{${index + 1}})·∂${symbol(other)}/∂z_{${name}}`);
    return [line(`${start} = ${sum(terms)} = ${result}`), make("p", { class: "note" }, shell.say("equations.joined"))];
  }
  const slope = values.slope?.[example][unit] ?? 0;
  const arriving = values.a_gradient?.[example][unit] ?? 0;
  const derivative = `${FUNCTIONS[activations[layer]]}′(z_{${name}})`;
  const slopes = { sigmoid: `${symbol(name)}(1 − ${symbol(name)})`, tanh: `1 − ${symbol(name)}^{2}` }[activations[layer]];
  const slopeLine = line(`${derivative} = ${slopes ? `${slopes} = ` : ""}[v:${write(slope)}]`);
  if (isLast) {
    return [
      line(`${start} = ∂${lossOf(frame)}/∂${symbol(name)} · ${derivative}`),
      line(`∂${lossOf(frame)}/∂${symbol(name)} = ${symbol(name)} − t_{${unit + 1}} = [v:${write(a)}] − ${factor(write(target))} = [g:${write(arriving)}]`),
      slopeLine,
      line(`δ_{${name}} = [g:${write(arriving)}]·[v:${factor(write(slope))}] = ${result}`),
    ];
  }
  const next = frame.layers[layer + 1];
  const leaving = names[layer + 2].map((other, to) => ({
    symbols: `${symbol(frame.network.parameters[indexOf(frame, layer + 1, unit, to)].name)}·δ_{${other}}`,
    numbers: `[v:${write(next.kernel[unit][to])}]·[g:${factor(write(next.delta[example][to]))}]`,
  }));
  const isSum = leaving.length > 1;
  const both = (/** @type {string[]} */ terms) => terms.join(" + ");
  return [
    line(`${start} = ${isSum ? "(" : ""}${both(leaving.map((one) => one.symbols))}${isSum ? ")" : ""} · ${derivative}`),
    line(`∂${lossOf(frame)}/∂${symbol(name)} = ${both(leaving.map((one) => one.numbers))} = [g:${write(arriving)}]`),
    slopeLine,
    line(`δ_{${name}} = [g:${write(arriving)}]·[v:${factor(write(slope))}] = ${result}`),
  ];
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 */
function ofLoss(shell, frame) {
  const example = frame.settings.example - 1;
  const { names, loss } = frame.network;
  const last = frame.layers.length - 1;
  const write = (/** @type {number} */ value) => shell.number(value, 4);
  const outputs = names[last + 1].map((name, unit) => ({
    name: symbol(name),
    target: `t_{${unit + 1}}`,
    a: write(frame.layers[last].a[example][unit]),
    t: write(frame.targets[example][unit]),
  }));
  const isSoftmax = frame.network.activations[last] === "softmax";
  const [symbols, numbers] = {
    squared: [
      sum(outputs.map((one) => `½(${one.name} − ${one.target})^{2}`)),
      sum(outputs.map((one) => `½([v:${one.a}] − ${factor(one.t)})^{2}`)),
    ],
    cross_entropy: [
      outputs.map((one) => (isSoftmax ? `− ${one.target} ln ${one.name}` : `− ${one.target} ln ${one.name} − (1 − ${one.target}) ln(1 − ${one.name})`)).join(" "),
      outputs.map((one) => (isSoftmax ? `− ${one.t}·ln [v:${one.a}]` : `− ${one.t}·ln [v:${one.a}] − (1 − ${one.t})·ln(1 − [v:${one.a}])`)).join(" "),
    ],
  }[/** @type {"squared"} */ (loss)];
  const count = frame.losses.length;
  const found = [
    make("h3", {}, shell.say("equations.loss")),
    line(`${lossOf(frame)} = ${symbols}`),
    line(`= ${numbers} = [v:${shell.number(frame.losses[example], 9)}]`, "further"),
  ];
  if (count > 1) {
    const terms = frame.losses.map((_loss, index) => `L_{${index + 1}}`);
    found.push(line(`L = (${sum(terms)}) / ${count} = (${sum(frame.losses.map(write))}) / ${count} = [v:${shell.number(frame.loss, 9)}]`));
  }
  return [make("div", { class: "part" }, ...found)];
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 */
function ofUpdate(shell, frame) {
  const write = (/** @type {number} */ value) => shell.number(value, 5);
  const rate = write(frame.settings.learning_rate);
  const lines = frame.network.parameters.flatMap((parameter, index) => {
    if (parameter.source === null && !frame.settings.trains_biases) return [];
    const name = symbol(parameter.name);
    return [
      line(`${name} ← ${name} − η·∂L/∂${name} = ${write(frame.vector[index])} − ${rate}·[g:${factor(write(frame.gradient[index]))}] = [v:${write(frame.after.vector[index])}]`),
    ];
  });
  const loss = line(`L = [v:${shell.number(frame.loss, 9)}] → [v:${shell.number(frame.after.loss, 9)}]`);
  const half = Math.ceil(lines.length / 2);
  const first = make("div", { class: "part" }, make("h3", {}, shell.say("equations.update", { rate })), loss, ...lines.slice(0, half));
  return [first, make("div", { class: "part" }, ...lines.slice(half))];
}
