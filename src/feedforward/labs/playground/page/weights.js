// All weights of one unit as a table: the same as a click on a link offers, for keyboards and screen readers.

import { make } from "../../page/elements.js";
import { freeze, read, write } from "./editor.js";
import { unitName } from "./frame.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./editor.js").Parameter} Parameter */
/** @typedef {{parameter: Parameter, exact: HTMLInputElement, box: HTMLInputElement, gradient: HTMLElement}} Row */

export class WeightTable {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {Frame | null} */
    this.frame = null;
    this.unit = make("select", { id: "weights-unit", change: () => this.choose(this.unit.value) });
    this.table = make("table", { class: "weights" });
    this.known = "";
    /** @type {Row[]} */
    this.rows = [];
    this.element = shell.panel(
      "weights", make("div", { class: "control" }, make("label", { for: "weights-unit" }, shell.say("weights.unit")), this.unit), make("div", { class: "scroll" }, this.table),
    );
  }

  /**
   * Show the weights of a unit.
   * @param {string} unit  its layer and its number
   */
  choose(unit) {
    this.shell.view.weights = unit;
    if (this.frame) this.draw(this.frame);
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.frame = frame;
    const { shell } = this;
    const names = frame.sizes.slice(1).flatMap((size, index) => Array.from({ length: size }, (_one, unit) => `${index + 1}.${unit}`));
    const chosen = names.includes(shell.view.weights) ? shell.view.weights : names[names.length - 1];
    const known = JSON.stringify([frame.sizes, frame.inputs, frame.class_names, chosen]);
    if (known !== this.known) this.build(frame, names, chosen);
    this.known = known;
    for (const { parameter, exact, box, gradient } of this.rows) {
      const found = read(frame, parameter);
      if (document.activeElement !== exact) exact.value = String(Number(found.value.toPrecision(6)));
      box.checked = found.isFrozen;
      gradient.textContent = found.gradient === null ? "" : shell.number(found.gradient, 3);
    }
  }

  /**
   * @param {Frame} frame
   * @param {string[]} names  of all units that have weights
   * @param {string} chosen
   */
  build(frame, names, chosen) {
    const { shell } = this;
    const place = (/** @type {string} */ name) => name.split(".").map(Number);
    this.unit.replaceChildren(
      ...names.map((name) => make("option", { value: name, selected: name === chosen }, unitName(shell, frame, place(name)[0], place(name)[1]))),
    );
    const [layer, target] = place(chosen);
    const sources = [...Array(frame.sizes[layer - 1]).keys(), null];
    this.rows = sources.map((source) => {
      const parameter = { layer: layer - 1, source, target };
      const name = source === null ? shell.say("bias") : unitName(shell, frame, layer - 1, source);
      const exact = make("input", {
        type: "number", step: "any", "aria-label": name, "data-source": source ?? "bias",
        change: () => exact.value.trim() !== "" && write(shell, parameter, Number(exact.value)),
      });
      const box = make("input", { type: "checkbox", "aria-label": shell.say("freeze.of", { name }), change: () => freeze(shell, parameter, box.checked) });
      return { parameter, exact, box, gradient: make("td") };
    });
    const head = ["from", "weight", "frozen", "gradient"].map((key) => make("th", { scope: "col", title: shell.find(`${key}.help`, "") }, shell.say(key)));
    const body = this.rows.map(({ exact, box, gradient }) =>
      make("tr", {}, make("th", { scope: "row" }, exact.getAttribute("aria-label") ?? ""), make("td", {}, exact), make("td", {}, box), gradient),
    );
    this.table.replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  }
}
