// The small window in which one weight or bias is set, frozen, and its gradient read.

import { make } from "../../page/elements.js";
import { at, unitName } from "./frame.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {{layer: number, source: number | null, target: number}} Parameter  a bias has no source */

/**
 * Return what a weight or bias is called.
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {Parameter} parameter
 */
export function parameterName(shell, frame, { layer, source, target }) {
  const to = unitName(shell, frame, layer + 1, target);
  return source === null ? shell.say("bias.of", { to }) : shell.say("weight.of", { from: unitName(shell, frame, layer, source), to });
}

/**
 * Return a weight or bias, whether it is frozen, and its gradient, which biases have none of here.
 * @param {Frame} frame
 * @param {Parameter} parameter
 */
export function read(frame, { layer, source, target }) {
  if (source === null) return { value: frame.biases[layer].values[target], isFrozen: frame.frozen_biases[layer].values[target] !== 0, gradient: null };
  return {
    value: at(frame.weights[layer], source, target),
    isFrozen: at(frame.frozen[layer], source, target) !== 0,
    gradient: at(frame.gradients[layer], source, target),
  };
}

/**
 * Set a weight or bias.
 * @param {Shell} shell
 * @param {Parameter} parameter
 * @param {number} value
 */
export function write(shell, { layer, source, target }, value) {
  if (source === null) void shell.act("set_bias", { layer, target, value });
  else void shell.act("set_weight", { layer, source, target, value });
}

/**
 * Freeze a weight or bias, or let it learn again.
 * @param {Shell} shell
 * @param {Parameter} parameter
 * @param {boolean} isFrozen
 */
export function freeze(shell, { layer, source, target }, isFrozen) {
  if (source === null) void shell.act("freeze_bias", { layer, target, is_frozen: isFrozen });
  else void shell.act("freeze", { layer, source, target, is_frozen: isFrozen });
}

export class Editor {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {Parameter | null} */
    this.parameter = null;
    /** @type {HTMLElement | null} */
    this.caller = null;
    this.title = make("h3", { id: "editor-title" });
    this.exact = make("input", { type: "number", step: "any", "aria-labelledby": "editor-title" });
    this.line = make("input", { type: "range", min: -5, max: 5, step: 0.01, "aria-labelledby": "editor-title" });
    this.box = make("input", { type: "checkbox", id: "editor-frozen" });
    this.gradient = make("span", { class: "figure" });
    this.gradientLine = make("p", { class: "note", title: shell.say("gradient.help") }, shell.say("gradient"), " ", this.gradient);
    const close = make("button", { class: "plain", "aria-label": shell.say("close"), click: () => this.close() }, "✕");
    this.element = make(
      "div",
      { class: "editor", role: "dialog", "aria-labelledby": "editor-title" },
      make("div", { class: "head" }, this.title, close),
      make("div", { class: "row" }, this.exact, make("label", { for: "editor-frozen" }, this.box, " ", shell.say("frozen"))),
      this.line,
      this.gradientLine,
    );
    this.element.hidden = true;
    this.exact.addEventListener("change", () => {
      if (this.parameter && this.exact.value.trim() !== "") write(shell, this.parameter, Number(this.exact.value));
    });
    this.line.addEventListener("input", () => {
      this.exact.value = this.line.value;
      if (this.parameter) write(shell, this.parameter, Number(this.line.value));
    });
    this.box.addEventListener("change", () => {
      if (this.parameter) freeze(shell, this.parameter, this.box.checked);
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /**
   * Open it beside a place of the network.
   * @param {Frame} frame
   * @param {Parameter} parameter
   * @param {number} x  pixels from the left of what it stands in
   * @param {number} y
   * @param {{width: number, height: number}} room  of what it stands in
   */
  open(frame, parameter, x, y, { width, height }) {
    this.parameter = parameter;
    this.caller = /** @type {HTMLElement | null} */ (document.activeElement);
    this.element.hidden = false;
    this.element.style.left = `${Math.max(4, Math.min(x + 12, width - 250))}px`;
    this.element.style.top = `${Math.max(4, Math.min(y + 12, height - 150))}px`;
    this.draw(frame);
    this.exact.focus();
    this.exact.select();
  }

  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.parameter = null;
    this.caller?.focus({ preventScroll: true });
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { parameter, shell } = this;
    if (!parameter) return;
    const { layer, source, target } = parameter;
    if (layer + 1 >= frame.sizes.length || target >= frame.sizes[layer + 1] || (source ?? 0) >= frame.sizes[layer]) {
      this.close();
      return;
    }
    const { value, isFrozen, gradient } = read(frame, parameter);
    this.title.textContent = parameterName(shell, frame, parameter);
    if (document.activeElement !== this.exact) this.exact.value = String(Number(value.toPrecision(6)));
    if (!this.line.matches(":active")) this.line.value = String(value);
    this.box.checked = isFrozen;
    this.gradientLine.hidden = gradient === null;
    this.gradient.textContent = shell.number(gradient, 3);
  }
}
