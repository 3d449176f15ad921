// Tables in which everything can be edited: weights and biases with their gradients, and the examples.

import { make } from "../../page/elements.js";
import { nameOf, presentOf } from "./frame.js";
import { formula, small, symbol } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Known} Known */
/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * Return a field for a number.
 * @param {string} label
 * @param {(value: number) => void} change
 */
function field(label, change) {
  const made = make("input", { type: "number", step: "any", "aria-label": label });
  made.addEventListener("change", () => {
    if (made.value.trim() !== "") change(Number(made.value));
  });
  return made;
}

/**
 * Show a number in a field, unless it is being written there.
 * @param {HTMLInputElement} one
 * @param {number} value
 */
function show(one, value) {
  if (document.activeElement !== one) one.value = String(Number(value.toPrecision(6)));
}

/** @param {Shell} shell */
export function makeParameters(shell) {
  const head = make("tr", {}, ...["parameter", "before", "gradient", "numeric", "now"].map((key) => make("th", { scope: "col" }, shell.say(`table.${key}`))));
  const body = make("tbody", {});
  /** @type {{row: HTMLTableRowElement, before: HTMLElement, gradient: HTMLElement, numeric: HTMLElement, now: HTMLInputElement}[]} */
  let rows = [];
  let built = "";
  return {
    element: make("div", { class: "scroll tall" }, make("table", { class: "parameters" }, make("thead", {}, head), body)),
    /**
     * @param {Frame} frame
     * @param {Known} known
     */
    draw(frame, known) {
      const key = JSON.stringify(frame.network.widths);
      if (key !== built) {
        rows = frame.network.parameters.map((one, index) => {
          const now = field(one.name, (value) => void shell.act("edit_parameter", { index, value }));
          const to = nameOf(frame, one.layer, one.unit);
          const way = one.source === null ? `→${small(to)}` : `${small(nameOf(frame, one.layer - 1, one.source))}→${small(to)}`;
          const [before, gradient, numeric] = [make("td", {}), make("td", { class: "gradient" }), make("td", {})];
          const name = make("th", { scope: "row" }, ...formula(symbol(one.name)), make("span", { class: "note" }, ` ${way}`));
          return { row: make("tr", {}, name, before, gradient, numeric, make("td", {}, now)), before, gradient, numeric, now };
        });
        body.replaceChildren(...rows.map((one) => one.row));
      }
      built = key;
      const present = presentOf(frame);
      rows.forEach((one, index) => {
        const { layer, unit } = frame.network.parameters[index];
        const isKnown = known.backward(layer, unit);
        one.before.textContent = known.update ? shell.number(frame.vector[index], 6) : "";
        one.gradient.textContent = isKnown ? shell.number(frame.gradient[index], 5) : "";
        one.numeric.textContent = isKnown ? shell.number(frame.numeric[index], 5) : "";
        one.row.classList.toggle("is-traced", index === frame.trace.parameter);
        show(one.now, present[index]);
      });
    },
  };
}

/** @param {Shell} shell */
export function makeExamples(shell) {
  const table = make("table", { class: "examples" });
  /** @type {{example: number, fields: HTMLInputElement[], targets: HTMLInputElement[], outputs: HTMLElement[], loss: HTMLElement, row: HTMLTableRowElement}[]} */
  let rows = [];
  let built = "";

  /** @param {Frame} frame */
  const build = (frame) => {
    const { widths, names } = frame.network;
    const outputs = names[widths.length - 1];
    const targets = outputs.map((_name, unit) => `t${unit + 1}`);
    const heads = [...names[0], ...targets, ...outputs, "L"].map((name) => make("th", { scope: "col" }, ...formula(symbol(name))));
    rows = frame.x.map((inputs, example) => {
      const fields = inputs.map((_x, unit) => field(`${names[0][unit]}, ${shell.say("example", { example: example + 1 })}`, (value) => void shell.act("edit_input", { example, unit, value })));
      const goals = targets.map((name, unit) => field(`${name}, ${shell.say("example", { example: example + 1 })}`, (value) => void shell.act("edit_target", { example, unit, value })));
      const results = outputs.map(() => make("td", { class: "value" }));
      const loss = make("td", { class: "value" });
      const choose = make("button", { "aria-label": shell.say("example", { example: example + 1 }), click: () => void shell.set("example", example + 1) }, String(example + 1));
      const row = make("tr", {}, make("th", { scope: "row" }, choose), ...[...fields, ...goals].map((one) => make("td", {}, one)), ...results, loss);
      return { example, fields, targets: goals, outputs: results, loss, row };
    });
    table.replaceChildren(make("thead", {}, make("tr", {}, make("td", {}), ...heads)), make("tbody", {}, ...rows.map((one) => one.row)));
  };

  return {
    element: make("div", { class: "scroll" }, table),
    /**
     * @param {Frame} frame
     * @param {Known} known
     */
    draw(frame, known) {
      const key = JSON.stringify([frame.network.names, frame.x.length]);
      if (key !== built) build(frame);
      built = key;
      const last = frame.layers.length - 1;
      const outputs = known.update ? frame.after.layers[last].a : frame.layers[last].a;
      const losses = known.update ? frame.after.losses : frame.losses;
      for (const one of rows) {
        one.fields.forEach((each, unit) => show(each, frame.x[one.example][unit]));
        one.targets.forEach((each, unit) => show(each, frame.targets[one.example][unit]));
        one.outputs.forEach((each, unit) => {
          each.textContent = known.forward(last, unit) ? shell.number(outputs[one.example][unit], 4) : "";
        });
        one.loss.textContent = known.loss ? shell.number(losses[one.example], 4) : "";
        const isShown = one.example === frame.settings.example - 1;
        one.row.classList.toggle("is-shown", isShown);
        one.row.querySelector("button")?.setAttribute("aria-pressed", String(isShown));
      }
    },
  };
}
