// The weights and biases, each with its gradient: typed, or changed by 0.1 with the buttons or the arrow keys.

import { markOf } from "../../page/drawing/plane.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

const NAMES = ["w₀", "w₁", "b"];

export class Parameters {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {{input: HTMLInputElement, gradient: HTMLElement, isTyped: boolean}[][]} */
    this.cells = [];
    this.lines = [0, 1, 2].map((row) => this.line(row));
    const heads = NAMES.map((name) => make("th", { scope: "col" }, name));
    this.element = make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: "parameters" },
        make("caption", { class: "note" }, shell.say("parameters.caption")),
        make("thead", {}, make("tr", {}, make("td"), ...heads)),
        make("tbody", {}, ...this.lines),
      ),
    );
  }

  /** @param {number} row */
  line(row) {
    const { shell } = this;
    const head = make("th", { scope: "row" }, markOf(row), make("span", {}, ` ${shell.say("class", { number: row })}`));
    this.cells[row] = [];
    return make("tr", {}, head, ...NAMES.map((name, column) => this.cell(row, column, name)));
  }

  /**
   * @param {number} row
   * @param {number} column
   * @param {string} name
   */
  cell(row, column, name) {
    const { shell } = this;
    const words = { name, number: row };
    const nudge = (/** @type {number} */ by) => void shell.act("nudge", { row, column, by });
    const input = make("input", { type: "number", step: "any", "aria-label": shell.say("parameter", words) });
    const cell = { input, gradient: make("span", { class: "gradient" }), isTyped: false };
    input.addEventListener("input", () => {
      cell.isTyped = true; // what is being typed is not written over
    });
    input.addEventListener("blur", () => {
      cell.isTyped = false;
    });
    input.addEventListener("change", () => {
      cell.isTyped = false;
      if (input.value.trim() !== "") void shell.act("set_parameter", { row, column, value: Number(input.value) });
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault(); // the browser's own step would begin at the rounded value
      cell.isTyped = false;
      nudge(event.key === "ArrowUp" ? 0.1 : -0.1);
    });
    this.cells[row].push(cell);
    return make(
      "td",
      {},
      make(
        "div",
        { class: "parameter" },
        input,
        make("button", { "aria-label": shell.say("parameter.up", words), click: () => nudge(0.1) }, "▲"),
        make("button", { "aria-label": shell.say("parameter.down", words), click: () => nudge(-0.1) }, "▼"),
        cell.gradient,
      ),
    );
  }

  /** @param {any} frame */
  draw(frame) {
    const { shell } = this;
    this.lines.forEach((line, row) => {
      const place = frame.rows.indexOf(row);
      line.hidden = place < 0;
      if (place < 0) return;
      this.cells[row].forEach(({ input, gradient, isTyped }, column) => {
        const [value, slope] = [at(frame.W, frame.b, place, column), at(frame.gradient_W, frame.gradient_b, place, column)];
        if (!isTyped) input.value = String(Number(Math.abs(value) < 1000 ? value.toFixed(3) : value.toPrecision(4)));
        gradient.textContent = `∂ ${shell.decimals(slope, 3)}`;
      });
    });
  }
}

/**
 * Return a weight, or the bias in column 2.
 * @param {import("../../page/socket.js").Grid} weights
 * @param {import("../../page/socket.js").Grid} biases
 * @param {number} row
 * @param {number} column
 */
function at(weights, biases, row, column) {
  return column === 2 ? biases.values[row] : weights.values[2 * row + column];
}
