// The network as a drawing: values in green, gradients in red, each where it arises; a click on a weight traces it.

import { makeSvg } from "../../page/elements.js";
import { indexOf, nameOf, presentOf } from "./frame.js";
import { small } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Known} Known */
/** @typedef {import("../../page/shell.js").Shell} Shell */

const [WIDTH, SPACE, RADIUS, EDGE] = [900, 158, 34, 62];

/** @typedef {{x: number, y: number}} Place */

/**
 * A weight in the drawing.
 * @typedef {object} Edge
 * @property {number} index  in the vector
 * @property {number} layer
 * @property {number} source
 * @property {number} unit
 * @property {SVGGElement} group
 * @property {SVGLineElement} line
 * @property {SVGTextElement} above
 * @property {SVGTextElement} below
 */

/**
 * A unit in the drawing; layer -1 has the inputs.
 * @typedef {object} Unit
 * @property {number} layer
 * @property {number} unit
 * @property {SVGGElement} group
 * @property {SVGTextElement} inside
 * @property {SVGTextElement} name
 * @property {SVGTextElement} sum
 * @property {SVGTextElement} gradient
 * @property {SVGGElement | null} bias
 * @property {SVGTextElement} biasText
 */

export class Diagram {
  /**
   * @param {Shell} shell
   * @param {(layer: number, unit: number) => void} choose  what a click on a unit does
   */
  constructor(shell, choose) {
    this.shell = shell;
    this.choose = choose;
    this.element = makeSvg("svg", { class: "network", role: "group", "aria-label": shell.say("diagram") });
    /** @type {Edge[]} */
    this.edges = [];
    /** @type {Unit[]} */
    this.units = [];
    this.built = "";
    this.loss = makeSvg("text", { class: "value inside", "text-anchor": "middle", y: 5 });
    this.lossName = makeSvg("text", { class: "name", "text-anchor": "middle", y: -RADIUS - 9 });
    this.lossGroup = makeSvg("g", { class: "unit loss" });
    /** @type {{line: SVGLineElement, text: SVGTextElement, unit: number}[]} */
    this.ends = [];
  }

  /**
   * Return where a unit is drawn; the layer after the last is the loss.
   * @param {number[]} widths
   * @param {number} layer
   * @param {number} unit
   */
  place(widths, layer, unit) {
    const most = Math.max(...widths);
    const count = layer + 1 === widths.length ? 1 : widths[layer + 1];
    return {
      x: EDGE + ((layer + 1) / widths.length) * (WIDTH - 2 * EDGE),
      y: 26 + (most * SPACE) / 2 + (unit - (count - 1) / 2) * SPACE,
    };
  }

  /**
   * @param {SVGGElement} group
   * @param {string} kind
   * @param {() => void} click
   */
  activate(group, kind, click) {
    group.setAttribute("class", kind);
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.addEventListener("click", click);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      click();
    });
  }

  /** @param {Frame} frame */
  build(frame) {
    const { widths } = frame.network;
    const height = Math.max(...widths) * SPACE + 40;
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    /** @type {Place[]} */
    const taken = widths.flatMap((count, layer) =>
      Array.from({ length: count }, (_none, unit) => this.place(widths, layer - 1, unit)).flatMap(({ x, y }) => [{ x, y }, { x, y: y + RADIUS + 24 }]),
    );
    this.edges = frame.network.parameters.flatMap((parameter, index) => {
      const { layer, source, unit } = parameter;
      return source === null ? [] : [this.makeEdge(frame, index, layer, source, unit, taken)];
    });
    this.units = widths.flatMap((count, place) => Array.from({ length: count }, (_none, unit) => this.makeUnit(frame, place - 1, unit)));
    const end = this.place(widths, widths.length - 1, 0);
    this.ends = Array.from({ length: widths[widths.length - 1] }, (_none, unit) => {
      const from = this.place(widths, widths.length - 2, unit);
      const line = makeSvg("line", { x1: from.x + RADIUS, y1: from.y, x2: end.x - RADIUS, y2: end.y, class: "end" });
      const text = makeSvg("text", { x: from.x + RADIUS + 8, y: from.y - 12, class: "halo" });
      return { line, text, unit };
    });
    this.lossGroup.setAttribute("transform", `translate(${end.x} ${end.y})`);
    this.lossGroup.replaceChildren(makeSvg("circle", { r: RADIUS }), this.loss, this.lossName);
    this.element.replaceChildren(
      ...this.ends.map((one) => one.line),
      ...this.edges.map((edge) => edge.group),
      ...this.ends.map((one) => one.text),
      ...this.units.map((unit) => unit.group),
      this.lossGroup,
    );
  }

  /**
   * @param {Frame} frame
   * @param {number} index
   * @param {number} layer
   * @param {number} source
   * @param {number} unit
   * @param {Place[]} taken  where something is written already; the label's place is added
   * @returns {Edge}
   */
  makeEdge(frame, index, layer, source, unit, taken) {
    const { widths } = frame.network;
    const from = this.place(widths, layer - 1, source);
    const to = this.place(widths, layer, unit);
    const angle = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
    const at = freest(from, to, taken);
    taken.push(...covered(at, from, to));
    const line = makeSvg("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: "weight-line" });
    const target = makeSvg("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: "target" });
    const above = makeSvg("text", { "text-anchor": "middle", y: -6, class: "halo value" });
    const below = makeSvg("text", { "text-anchor": "middle", y: 16, class: "halo gradient" });
    const label = makeSvg("g", { transform: `translate(${at.x} ${at.y}) rotate(${angle})` }, above, below);
    const group = makeSvg("g", {}, line, target, label);
    this.activate(group, "edge", () => void this.shell.act("trace", { parameter: index }));
    return { index, layer, source, unit, group, line, above, below };
  }

  /**
   * @param {Frame} frame
   * @param {number} layer
   * @param {number} unit
   * @returns {Unit}
   */
  makeUnit(frame, layer, unit) {
    const { x, y } = this.place(frame.network.widths, layer, unit);
    const shape = layer < 0 ? makeSvg("rect", { x: -RADIUS, y: -RADIUS + 6, width: 2 * RADIUS, height: 2 * RADIUS - 12, rx: 7 }) : makeSvg("circle", { r: RADIUS });
    const inside = makeSvg("text", { class: "value inside", "text-anchor": "middle", y: 5 });
    const name = makeSvg("text", { class: "name", "text-anchor": "middle", y: -RADIUS - (layer < 0 ? 3 : 9) }, small(nameOf(frame, layer, unit)));
    const sum = makeSvg("text", { class: "halo value", "text-anchor": "middle", y: RADIUS + 15 });
    const gradient = makeSvg("text", { class: "halo gradient", "text-anchor": "middle", y: RADIUS + 31 });
    const biasText = makeSvg("text", { class: "halo value", "text-anchor": "middle", y: RADIUS + 47 });
    const group = makeSvg("g", { transform: `translate(${x} ${y})` });
    if (layer < 0) {
      group.setAttribute("class", "unit input");
      group.append(shape, inside, name);
      return { layer, unit, group, inside, name, sum, gradient, bias: null, biasText };
    }
    const index = indexOf(frame, layer, null, unit);
    const body = makeSvg("g", {}, shape, inside, name, sum, gradient);
    this.activate(body, "body", () => this.choose(layer, unit));
    const bias = makeSvg("g", {}, biasText);
    this.activate(bias, "bias", () => void this.shell.act("trace", { parameter: index }));
    group.setAttribute("class", "unit");
    group.append(body, bias);
    return { layer, unit, group, inside, name, sum, gradient, bias, biasText };
  }

  /**
   * @param {Frame} frame
   * @param {Known} known
   * @param {[number, number] | null} chosen  the unit whose formulas are shown
   * @param {number | null} path  the path to show alone
   */
  draw(frame, known, chosen, path) {
    const key = JSON.stringify(frame.network.widths);
    if (key !== this.built) this.build(frame);
    this.built = key;
    const example = frame.settings.example - 1;
    const traced = tracedParts(frame, path);
    const present = presentOf(frame);
    const isNow = (/** @type {number} */ layer, /** @type {number} */ unit) => known.now.some((one) => one[0] === layer && one[1] === unit);
    for (const edge of this.edges) {
      const isForward = known.phase === "forward" && isNow(edge.layer, edge.unit);
      const isBackward = known.phase === "backward" && isNow(edge.layer, edge.unit);
      const weight = present[edge.index];
      edge.group.setAttribute("class", `edge${isForward ? " is-forward" : ""}${isBackward ? " is-backward" : ""}${traced.edges.has(edge.index) ? " is-traced" : ""}${edge.index === frame.trace.parameter ? " is-start" : ""}`);
      edge.line.style.stroke = weight < 0 ? "var(--negative)" : "var(--positive)";
      edge.line.style.strokeWidth = String(1 + Math.min(4, 2 * Math.abs(weight)));
      this.label(frame, known, edge.index, edge.above, edge.below, known.backward(edge.layer, edge.unit));
      edge.group.setAttribute("aria-label", `${frame.network.parameters[edge.index].name} ${this.shell.number(weight)}`);
    }
    for (const one of this.units) this.drawUnit(frame, known, one, example, isNow(one.layer, one.unit), chosen, traced.units);
    const isLossTraced = traced.units.size > 0;
    for (const end of this.ends) {
      const last = frame.network.widths.length - 2;
      end.text.textContent = `${small(`t${end.unit + 1}`)} ${this.shell.number(frame.targets[example][end.unit], 3)}`;
      end.line.setAttribute("class", traced.units.has(`${last},${end.unit}`) ? "end is-traced" : "end");
    }
    const loss = known.update ? frame.after.losses[example] : frame.losses[example];
    this.lossName.textContent = frame.losses.length > 1 ? small(`L${example + 1}`) : "L";
    this.loss.textContent = known.loss ? this.shell.number(loss, 4) : "";
    this.lossGroup.setAttribute("class", `unit loss${known.loss ? " is-known" : ""}${known.phase === "loss" ? " is-now" : ""}${isLossTraced ? " is-traced" : ""}`);
  }

  /**
   * Write a weight, and its gradient where it is known; after the update, by how much it changed.
   * @param {Frame} frame
   * @param {Known} known
   * @param {number} index
   * @param {SVGTextElement} above
   * @param {SVGTextElement} below
   * @param {boolean} hasGradient
   */
  label(frame, known, index, above, below, hasGradient) {
    const { shell } = this;
    const name = small(frame.network.parameters[index].name);
    above.textContent = `${name} ${shell.number(presentOf(frame)[index], 4)}`;
    below.textContent = known.update ? `Δ ${shell.number(frame.after.change[index], 3)}` : hasGradient ? shell.number(frame.gradient[index], 3) : "";
    below.classList.toggle("change", known.update);
  }

  /**
   * @param {Frame} frame
   * @param {Known} known
   * @param {Unit} one
   * @param {number} example
   * @param {boolean} isNow
   * @param {[number, number] | null} chosen
   * @param {Set<string>} traced
   */
  drawUnit(frame, known, one, example, isNow, chosen, traced) {
    const { shell } = this;
    const { layer, unit } = one;
    if (layer < 0) {
      one.inside.textContent = shell.number(frame.x[example][unit], 4);
      return;
    }
    const values = frame.layers[layer];
    const isForward = known.forward(layer, unit);
    const isBackward = known.backward(layer, unit);
    const isChosen = chosen !== null && chosen[0] === layer && chosen[1] === unit;
    const condition = isForward ? frame.conditions[layer][unit] : "";
    const after = frame.after.layers[layer];
    one.inside.textContent = isForward ? shell.number((known.update ? after.a : values.a)[example][unit], 4) : "";
    one.inside.classList.toggle("is-long", one.inside.textContent.length > 6);
    const was = known.update ? `${shell.number(values.a[example][unit], 4)} → ` : "";
    one.sum.textContent = isForward ? (known.update ? `${was}${shell.number(after.a[example][unit], 4)}` : `z ${shell.number(values.z[example][unit], 4)}`) : "";
    one.gradient.textContent = isBackward ? `δ ${shell.number(values.delta[example][unit], 3)}` : "";
    const index = indexOf(frame, layer, null, unit);
    const bias = presentOf(frame)[index];
    const gradient = isBackward && frame.settings.trains_biases ? `  ${shell.number(frame.gradient[index], 3)}` : "";
    one.biasText.textContent = `${small(frame.network.parameters[index].name)} ${shell.number(bias, 4)}`;
    one.bias?.setAttribute("aria-label", `${frame.network.parameters[index].name} ${shell.number(bias)}${gradient}`);
    one.bias?.setAttribute("class", `bias${index === frame.trace.parameter ? " is-start" : ""}`);
    const name = nameOf(frame, layer, unit);
    one.name.textContent = condition ? `${small(name)} · ${shell.say(`condition.${condition}`)}` : small(name);
    one.group.setAttribute(
      "class",
      `unit${isForward ? " is-known" : ""}${isNow ? ` is-now is-${known.phase}` : ""}${isChosen ? " is-chosen" : ""}${condition ? ` is-${condition}` : ""}${traced.has(`${layer},${unit}`) ? " is-traced" : ""}`,
    );
    one.group.firstElementChild?.setAttribute("aria-label", `${name} ${isForward ? shell.number(values.a[example][unit]) : ""}`);
  }
}

/**
 * Return some places that a label covers, which lies along a line.
 * @param {Place} at
 * @param {Place} from
 * @param {Place} to
 */
function covered(at, from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return [-24, 0, 24].map((along) => ({ x: at.x + (along * (to.x - from.x)) / length, y: at.y + (along * (to.y - from.y)) / length }));
}

/**
 * Return where along a weight its label meets the others least; near its source where many places are free.
 * @param {Place} from
 * @param {Place} to
 * @param {Place[]} taken
 */
function freest(from, to, taken) {
  let [best, most] = [from, -Infinity];
  for (let part = 0.24; part <= 0.76; part += 0.02) {
    const at = { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
    const distances = covered(at, from, to).flatMap((mine) => taken.map((other) => Math.hypot(other.x - mine.x, other.y - mine.y)));
    const worth = Math.min(...distances, 48) - 12 * part;
    if (worth > most) [best, most] = [at, worth];
  }
  return best;
}

/**
 * Return what the traced parameter's paths lead through.
 * @param {Frame} frame
 * @param {number | null} path  that one alone
 */
function tracedParts(frame, path) {
  const edges = new Set([frame.trace.parameter]);
  const units = new Set();
  const paths = path === null ? frame.trace.paths : frame.trace.paths.slice(path, path + 1);
  for (const one of paths) {
    one.units.forEach(([layer, unit], index) => {
      units.add(`${layer},${unit}`);
      if (index > 0) edges.add(indexOf(frame, layer, one.units[index - 1][1], unit));
    });
  }
  return { edges, units };
}
