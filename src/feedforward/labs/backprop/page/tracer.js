// The chain rule, path by path: a chosen weight, each way from it to the loss, the product along each, and their sum.

import { make } from "../../page/elements.js";
import { nameOf, presentOf } from "./frame.js";
import { factor, formula, line, small, sum, symbol } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("../../page/shell.js").Shell} Shell */

export class Tracer {
  /**
   * @param {Shell} shell
   * @param {(path: number | null) => void} show  shows one path alone, or all
   */
  constructor(shell, show) {
    this.shell = shell;
    this.show = show;
    this.select = make("select", { "aria-label": shell.say("trace.parameter"), change: () => void shell.act("trace", { parameter: this.select.selectedIndex }) });
    this.value = make("input", { type: "number", step: "any", "aria-label": shell.say("trace.value") });
    this.value.addEventListener("change", () => {
      if (this.value.value.trim() !== "") void shell.act("edit_parameter", { index: this.select.selectedIndex, value: Number(this.value.value) });
    });
    this.body = make("div", { class: "trace-body" });
    this.element = make(
      "div",
      { class: "trace" },
      make("p", { class: "note" }, shell.say("trace.note")),
      make("div", { class: "row" }, this.select, "=", this.value),
      this.body,
    );
    this.built = "";
    this.names = "";
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { parameters } = frame.network;
    const names = parameters.map((one) => one.name).join();
    if (names !== this.names) this.select.replaceChildren(...parameters.map((one) => make("option", {}, this.nameOf(frame, one))));
    this.names = names;
    this.select.selectedIndex = frame.trace.parameter;
    if (document.activeElement !== this.value) this.value.value = String(Number(presentOf(frame)[frame.trace.parameter].toPrecision(8)));
    const key = JSON.stringify([frame.trace, frame.settings.example, frame.gradient, frame.network.names]);
    if (key === this.built) return;
    this.built = key;
    this.build(frame);
  }

  /**
   * @param {Frame} frame
   * @param {import("./frame.js").Parameter} one
   */
  nameOf(frame, one) {
    const to = nameOf(frame, one.layer, one.unit);
    return small(one.source === null ? `${one.name} (${to})` : `${one.name} (${nameOf(frame, one.layer - 1, one.source)} → ${to})`);
  }

  /** @param {Frame} frame */
  build(frame) {
    const { shell } = this;
    const { trace } = frame;
    const write = (/** @type {number} */ value) => shell.number(value, 4);
    const parameter = frame.network.parameters[trace.parameter];
    const name = symbol(parameter.name);
    const count = frame.losses.length;
    const loss = count > 1 ? `L_{${frame.settings.example}}` : "L";
    const start = parameter.source === null ? parameter.name : nameOf(frame, parameter.layer - 1, parameter.source);
    const paths = trace.paths.map((path, index) => {
      const way = small([start, ...path.units.map(([layer, unit]) => nameOf(frame, layer, unit)), "L"].join(" → "));
      const symbols = path.factors.map((one) => `∂${one.of === "L" ? loss : symbol(one.of)}/∂${symbol(one.by)}`).join(" · ");
      const numbers = path.factors.map((one) => factor(write(one.value))).join(" · ");
      const button = make(
        "button",
        { class: "path" },
        make("span", { class: "way" }, way),
        line(symbols, "quiet"),
        line(`${numbers} = [g:${write(path.product)}]`),
      );
      const leave = () => this.show(null);
      const enter = () => this.show(index);
      for (const event of ["pointerenter", "focus"]) button.addEventListener(event, enter);
      for (const event of ["pointerleave", "blur"]) button.addEventListener(event, leave);
      return make("li", {}, button);
    });
    const products = trace.paths.map((path) => write(path.product));
    const isSame = Math.abs(trace.sum - trace.gradient) <= 1e-12 * Math.max(1, Math.abs(trace.gradient));
    const parts = [
      make("ol", { class: "paths" }, ...paths),
      line(`∂${loss}/∂${name} = ${trace.paths.length > 1 ? `${sum(products)} = ` : ""}[g:${shell.number(trace.sum, 6)}]`, "result"),
    ];
    const rows = [[shell.say("trace.engine"), `∂${loss}/∂${name} =`, trace.gradient, isSame ? "✓" : "✗"]];
    if (count > 1) {
      parts.push(line(`∂L/∂${name} = (${sum(trace.of_examples.map(write))}) / ${count} = [g:${write(frame.gradient[trace.parameter])}]`));
    }
    rows.push([shell.say("trace.numeric"), `∂L/∂${name} ≈`, frame.numeric[trace.parameter], ""]);
    for (const [label, left, value, mark] of rows) {
      parts.push(make("p", { class: "check" }, make("span", {}, String(label)), make("span", { class: "formula" }, ...formula(String(left))), make("span", { class: "figure gradient" }, shell.number(Number(value), 6)), make("span", { class: "mark" }, String(mark))));
    }
    this.body.replaceChildren(...parts);
    this.select.title = parameter.name;
    this.show(null);
  }
}

