// The same step as products of matrices: a row for each example, a column for each unit.

import { make } from "../../page/elements.js";
import { nameOf } from "./frame.js";
import { formula, FUNCTIONS, symbol } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Known} Known */
/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * Return the products of the layer that is chosen, or else was computed last.
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Known} known
 * @param {[number, number] | null} chosen
 * @returns {Node[]}
 */
export function matrices(shell, frame, known, chosen) {
  const count = frame.network.widths.length - 1;
  const last = known.now[known.now.length - 1];
  const layer = chosen ? chosen[0] : last ? last[0] : known.phase === "loss" ? count - 1 : 0;
  if (known.phase === "update" && !chosen) return Array.from({ length: count }, (_none, index) => update(shell, frame, index));
  const found = [forward(shell, frame, known, layer)];
  if (known.backward(layer, 0) || known.phase === "backward") found.push(...backward(shell, frame, known, layer));
  return found;
}

/**
 * @param {Shell} shell
 * @param {string} label
 * @param {(number | null)[][]} rows
 * @param {string[]} columns  their headings, in formula text
 * @param {string[]} names  the rows' headings
 * @param {"value" | "gradient" | ""} kind
 */
function matrix(shell, label, rows, columns, names, kind) {
  const head = make("tr", {}, make("td", {}), ...columns.map((name) => make("th", { scope: "col" }, ...formula(name))));
  const body = rows.map((row, index) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, ...formula(names[index] ?? "")),
      ...row.map((value) => make("td", {}, value === null ? "·" : shell.number(value, 3))),
    ),
  );
  const table = make("table", { class: `matrix ${kind}` }, make("caption", {}, ...formula(label)), head, ...body);
  return table;
}

/** @param {string} sign */
const between = (sign) => make("span", { class: "sign" }, ...formula(sign));

/**
 * @param {string} title
 * @param {...Node} parts
 */
const product = (title, ...parts) => make("div", { class: "product" }, make("p", { class: "formula" }, ...formula(title)), make("div", { class: "row factors" }, ...parts));

/**
 * @param {Frame} frame
 * @param {number} layer
 */
function namesAt(frame, layer) {
  const units = frame.network.widths[layer + 1];
  return Array.from({ length: units }, (_none, unit) => symbol(nameOf(frame, layer, unit)));
}

/** @param {Frame} frame */
const examples = (frame) => frame.losses.map((_loss, index) => (frame.losses.length > 1 ? `[t:${index + 1}]` : ""));

/**
 * @param {number[][]} rows
 * @param {(unit: number) => boolean} isKnown
 */
const masked = (rows, isKnown) => rows.map((row) => row.map((value, unit) => (isKnown(unit) ? value : null)));

/**
 * What a layer's inputs and outputs are called.
 * @param {number} layer
 */
const letter = (layer) => (layer < 0 ? "X" : `A_{${layer + 1}}`);

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Known} known
 * @param {number} layer
 */
function forward(shell, frame, known, layer) {
  const values = frame.layers[layer];
  const [inputs, units, rows] = [namesAt(frame, layer - 1), namesAt(frame, layer), examples(frame)];
  const isKnown = (/** @type {number} */ unit) => known.forward(layer, unit);
  const k = layer + 1;
  const name = FUNCTIONS[frame.network.activations[layer]];
  const before = masked(values.before, (unit) => known.forward(layer - 1, unit));
  return product(
    `Z_{${k}} = ${letter(layer - 1)} W_{${k}} + b_{${k}},   ${letter(layer)} = ${name}(Z_{${k}})`,
    matrix(shell, letter(layer - 1), before, inputs, rows, "value"),
    matrix(shell, `W_{${k}}`, values.kernel, units, inputs, ""),
    between("+"),
    matrix(shell, `b_{${k}}`, [values.bias], units, [""], ""),
    between("="),
    matrix(shell, `Z_{${k}}`, masked(values.z, isKnown), units, rows, "value"),
    between(`${name} →`),
    matrix(shell, letter(layer), masked(values.a, isKnown), units, rows, "value"),
  );
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Known} known
 * @param {number} layer
 */
function backward(shell, frame, known, layer) {
  const values = frame.layers[layer];
  const [inputs, units, rows] = [namesAt(frame, layer - 1), namesAt(frame, layer), examples(frame)];
  const isKnown = (/** @type {number} */ unit) => known.backward(layer, unit);
  const count = rows.length;
  const k = layer + 1;
  const name = FUNCTIONS[frame.network.activations[layer]];
  const delta = matrix(shell, `Δ_{${k}}`, masked(values.delta, isKnown), units, rows, "gradient");
  const found = [];
  if (layer < frame.layers.length - 1) {
    const next = frame.layers[layer + 1];
    const further = namesAt(frame, layer + 1);
    const turned = further.map((_name, to) => next.kernel.map((row) => row[to]));
    found.push(
      product(
        `Δ_{${k}} = Δ_{${k + 1}} W_{${k + 1}}^{T} ⊙ ${name}′(Z_{${k}})`,
        matrix(shell, `Δ_{${k + 1}}`, next.delta, further, rows, "gradient"),
        matrix(shell, `W_{${k + 1}}^{T}`, turned, units, further, ""),
        between("⊙"),
        matrix(shell, `${name}′(Z_{${k}})`, masked(values.slope ?? [], isKnown), units, rows, "value"),
        between("="),
        delta.cloneNode(true),
      ),
    );
  } else if (values.a_gradient && values.slope) {
    found.push(
      product(
        `Δ_{${k}} = (${letter(layer)} − T) ⊙ ${name}′(Z_{${k}})`,
        matrix(shell, `${letter(layer)} − T`, masked(values.a_gradient, isKnown), units, rows, "gradient"),
        between("⊙"),
        matrix(shell, `${name}′(Z_{${k}})`, masked(values.slope, isKnown), units, rows, "value"),
        between("="),
        delta.cloneNode(true),
      ),
    );
  } else if (frame.network.loss === "cross_entropy") {
    found.push(
      product(
        `Δ_{${k}} = ${letter(layer)} − T`,
        matrix(shell, letter(layer), values.a, units, rows, "value"),
        between("−"),
        matrix(shell, "T", frame.targets, units, rows, ""),
        between("="),
        delta.cloneNode(true),
      ),
    );
  }
  const turned = inputs.map((_name, source) => values.before.map((row) => row[source]));
  const gradient = matrix(shell, `∂L/∂W_{${k}}`, masked(values.kernel_gradient, isKnown), units, inputs, "gradient");
  const mean = count > 1 ? `1/${count} ` : "";
  found.push(
    product(
      `∂L/∂W_{${k}} = ${mean}${letter(layer - 1)}^{T} Δ_{${k}}${count > 1 ? "" : `   ${shell.say("outer")}`}`,
      ...(count > 1 ? [between(`1/${count}`)] : []),
      matrix(shell, `${letter(layer - 1)}^{T}`, turned, rows, inputs, "value"),
      delta,
      between("="),
      gradient,
    ),
  );
  return found;
}

/**
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {number} layer
 */
function update(shell, frame, layer) {
  const values = frame.layers[layer];
  const [inputs, units] = [namesAt(frame, layer - 1), namesAt(frame, layer)];
  const k = layer + 1;
  const rows = values.kernel.map((row, source) =>
    row.map((_weight, unit) => {
      const index = frame.network.parameters.findIndex((one) => one.layer === layer && one.source === source && one.unit === unit);
      return frame.after.vector[index];
    }),
  );
  return product(
    `W_{${k}} ← W_{${k}} − η ∂L/∂W_{${k}}`,
    matrix(shell, `W_{${k}}`, values.kernel, units, inputs, ""),
    between(`− ${shell.number(frame.settings.learning_rate)} ·`),
    matrix(shell, `∂L/∂W_{${k}}`, values.kernel_gradient, units, inputs, "gradient"),
    between("="),
    matrix(shell, `W_{${k}}`, rows, units, inputs, "value"),
  );
}
