// The inputs: a number to change for each, its gradient beside a central difference, and steps along the gradient.

import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./gates_circuit.js").Circuit} Circuit */

const SLIDER = 10;

export class Inputs {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    const { say } = { say: shell.say.bind(shell) };
    const heads = ["gates.input_name", "gates.value", "", "gates.derivative", "gates.numeric", ""];
    this.body = make("tbody");
    const table = make("table", { class: "inputs" }, make("thead", {}, make("tr", {}, ...heads.map((key) => make("th", { scope: "col" }, key && say(key))))), this.body);
    this.rate = make("input", { type: "number", id: "gates-rate", min: 0, max: 100, step: "any", value: String(shell.view.gatesRate ?? 0.01) });
    this.rate.addEventListener("change", () => {
      shell.view.gatesRate = Number(this.rate.value);
    });
    /** @param {"up" | "down"} direction */
    const mover = (direction) => make("button", { click: () => this.move(direction) }, say(`gates.${direction}`));
    this.movers = [mover("up"), mover("down")];
    this.told = make("p", { class: "update", role: "status" });
    this.elements = [
      make("div", { class: "scroll" }, table),
      make("div", { class: "row movers" }, make("label", { for: "gates-rate" }, say("gates.rate")), this.rate, ...this.movers),
      this.told,
    ];
    this.known = "";
    /** @type {{exact: HTMLInputElement, line: HTMLInputElement, gradient: HTMLElement, numeric: HTMLElement, verdict: HTMLElement}[]} */
    this.rows = [];
  }

  /** @param {"up" | "down"} direction */
  move(direction) {
    if (this.rate.value.trim() !== "") void this.shell.act("gate_update", { rate: Number(this.rate.value), direction });
  }

  /** @param {Circuit} circuit */
  draw(circuit) {
    const { shell } = this;
    const shape = JSON.stringify(circuit.inputs.map((input) => input.name));
    if (shape !== this.known) this.build(circuit);
    this.known = shape;
    circuit.inputs.forEach((input, index) => {
      const { exact, line, gradient, numeric, verdict } = this.rows[index];
      if (document.activeElement !== exact) exact.value = String(Number(input.value.toPrecision(6)));
      if (!line.matches(":active")) line.value = String(input.value);
      gradient.textContent = shell.number(input.gradient);
      numeric.textContent = shell.number(input.numeric);
      verdict.textContent = input.agrees === null ? "" : input.agrees ? "✓" : "≠";
      verdict.title = input.agrees === null ? "" : shell.say(input.agrees ? "gates.agrees" : "gates.differs");
      verdict.className = input.agrees ? "verdict right" : "verdict wrong";
    });
    for (const mover of this.movers) mover.disabled = circuit.step < circuit.steps;
    const { update } = circuit;
    this.told.textContent = update
      ? shell.say("gates.updated", {
        before: shell.number(update.before), after: shell.number(update.after),
        change: signed(shell, update.change), predicted: signed(shell, update.predicted),
      })
      : shell.say(circuit.step < circuit.steps ? "gates.finish" : "gates.try");
  }

  /** @param {Circuit} circuit */
  build(circuit) {
    const { shell } = this;
    this.rows = circuit.inputs.map(({ name }) => {
      const label = shell.say("gates.value_of", { name });
      const exact = make("input", { type: "number", step: "any", "aria-label": label });
      const line = make("input", { type: "range", min: -SLIDER, max: SLIDER, step: 0.1, "aria-label": label });
      /** @param {string} text */
      const set = (text) => {
        if (text.trim() !== "") void shell.act("gate_value", { variable: name, value: Number(text) });
      };
      exact.addEventListener("change", () => set(exact.value));
      line.addEventListener("input", () => set(line.value));
      exact.dataset.input = name;
      return { exact, line, gradient: make("span", { class: "is-gradient" }), numeric: make("span"), verdict: make("span") };
    });
    this.body.replaceChildren(
      ...circuit.inputs.map(({ name }, index) => {
        const { exact, line, gradient, numeric, verdict } = this.rows[index];
        const cells = [exact, line, gradient, numeric, verdict].map((element) => make("td", {}, element));
        return make("tr", {}, make("th", { scope: "row" }, make("i", {}, name)), ...cells);
      }),
    );
  }
}

/**
 * @param {Shell} shell
 * @param {number} value
 */
function signed(shell, value) {
  return `${value > 0 ? "+" : ""}${shell.number(value)}`;
}
