// What stands above and beside the units: a layer's number of neurons and activation, a feature's box and name.

import { make } from "../../page/elements.js";
import { inputName } from "./frame.js";
import { change } from "./wanting.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */

/**
 * Return what a control of many values says of each.
 * @param {Shell} shell
 * @param {string} name
 * @returns {any}
 */
function kindOf(shell, name) {
  return /** @type {any} */ (shell.opened.controls.find((control) => control.name === name)).of;
}

/** The head of a hidden layer. */
export class LayerHead {
  /**
   * @param {Shell} shell
   * @param {number} index  among the hidden layers
   * @param {number} middle  of its column
   * @param {boolean} isNarrow
   */
  constructor(shell, index, middle, isNarrow) {
    this.index = index;
    const { low, high } = kindOf(shell, "layers");
    const layer = index + 1;
    /** @param {(present: number) => number} units */
    const resize = (units) => change(shell, "layers", (layers) => layers.with(index, Math.max(low, Math.min(high, units(layers[index])))));
    /** @param {number} by */
    const button = (by) =>
      make(
        "button",
        { "aria-label": shell.say(by < 0 ? "layer.fewer" : "layer.more", { layer }), "data-head": `${index}${by < 0 ? "-" : "+"}`, click: () => void resize((units) => units + by) },
        by < 0 ? "−" : "+",
      );
    this.fewer = button(-1);
    this.more = button(1);
    this.count = make("input", {
      type: "number", min: low, max: high, "aria-label": shell.say("layer.units", { layer }), "data-head": `${index}n`,
      change: () => void resize(() => Math.round(Number(this.count.value) || 1)),
    });
    /** @type {string[]} */
    this.options = kindOf(shell, "activations").options;
    this.activation = make("select", {
      "aria-label": shell.say("layer.activation", { layer }), "data-head": `${index}a`,
      change: () => void change(shell, "activations", (activations) => activations.with(index, this.options[this.activation.selectedIndex])),
    });
    for (const option of this.options) {
      this.activation.append(make("option", { value: option }, shell.find(`choice.activations.${option}`, shell.find(`choice.${option}`, option))));
    }
    this.element = make("div", { class: isNarrow ? "layer-head is-narrow" : "layer-head" }, make("div", { class: "units" }, this.fewer, this.count, this.more), this.activation);
    this.element.style.left = `${middle}px`;
    this.low = low;
    this.high = high;
  }

  /** @param {Frame} frame */
  draw(frame) {
    const units = frame.sizes[this.index + 1];
    if (document.activeElement !== this.count) this.count.value = String(units);
    this.fewer.disabled = units <= this.low;
    this.more.disabled = units >= this.high;
    if (document.activeElement !== this.activation) this.activation.selectedIndex = this.options.indexOf(frame.activations[this.index]);
  }
}

/**
 * Return the box that makes a feature an input; for the formula, its field.
 * @param {Shell} shell
 * @param {string} name
 * @param {import("./links.js").Place} place
 * @param {HTMLElement | null} formula  the field, if a link does not hide it
 * @returns {{element: HTMLElement, box: HTMLInputElement | null}}
 */
export function featureBox(shell, name, place, formula) {
  const element = make("div", { class: name === "formula" ? "feature formula" : "feature" });
  element.style.top = `${place.y}px`;
  element.style.width = `${place.x - 6}px`;
  const empty = make("span", { class: "no-unit" });
  empty.style.left = `${place.x}px`;
  empty.style.width = empty.style.height = `${place.size}px`;
  if (name === "formula") {
    element.append(...(formula ? [formula] : []), empty);
    return { element, box: null };
  }
  const id = `feature-${name}`;
  const box = make("input", {
    type: "checkbox", id,
    change: () => void change(shell, "features", (features) => (box.checked ? [...features, name] : features.filter((one) => one !== name))),
  });
  element.append(box, make("label", { for: id }, inputName(shell, name)), empty);
  return { element, box };
}
