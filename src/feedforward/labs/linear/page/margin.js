// The loss as a function of the margin, and where on it the points are: each margin of a point is a dot.

import { ticks } from "../../page/drawing/curves.js";
import { shapeOf } from "../../page/drawing/plane.js";
import { make, makeSvg } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [440, 240, 48, 8, 26, 36];

export class MarginPlot {
  /**
   * @param {Shell} shell
   * @param {(index: number | null) => void} pick
   */
  constructor(shell, pick) {
    this.shell = shell;
    this.pick = pick;
    this.note = make("p", { class: "note" });
    this.drawing = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: "100%", role: "img", class: "margin-plot" });
    this.drawing.addEventListener("pointerover", (event) => {
      const dot = event.target instanceof Element ? event.target.closest("[data-index]") : null;
      pick(dot ? Number(dot.getAttribute("data-index")) : null);
    });
    this.drawing.addEventListener("pointerleave", () => pick(null));
    this.element = make("div", { class: "margin" }, this.drawing, this.note);
  }

  /**
   * @param {any} frame
   * @param {number | null} picked
   */
  draw(frame, picked) {
    const { shell } = this;
    const loss = frame.settings.loss;
    const xs = frame.curve.margins.values;
    const costs = frame.curve.costs.values;
    const [low, high, top] = [xs[0], xs[xs.length - 1], costs.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b), 1.5)];
    const placeX = (/** @type {number} */ x) => LEFT + ((x - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
    const placeY = (/** @type {number} */ y) => TOP + (1 - y / top) * (HEIGHT - TOP - BOTTOM);
    const parts = axes(shell, low, high, top, placeX, placeY);
    const steps = [[low, 1], [0, 1], [0, 0], [high, 0]].map(([x, y]) => `${placeX(x)},${placeY(y)}`);
    parts.push(makeSvg("polyline", { points: steps.join(" "), class: "errors" }));
    if (frame.reach !== null) {
      const x = placeX(frame.reach);
      parts.push(makeSvg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, class: "reach" }));
    }
    const curve = Array.from(xs, (x, index) => `${placeX(x).toFixed(2)},${placeY(costs[index]).toFixed(2)}`);
    parts.push(makeSvg("polyline", { points: curve.join(" "), class: "cost" }));
    const each = frame.margins.shape[1];
    const dots = Array.from(frame.margins.values, (margin, place) => {
      const index = Math.floor(place / each);
      const group = frame.classes.values[index];
      const dot = makeSvg("path", {
        d: shapeOf(group),
        "data-index": index,
        class: `dot ${index === picked ? "picked" : ""}`,
        transform: `translate(${placeX(margin).toFixed(2)} ${placeY(frame.parts.values[place]).toFixed(2)}) scale(${index === picked ? 1.1 : 0.75})`,
      });
      dot.style.fill = `var(--class-${group})`;
      return /** @type {[SVGElement, boolean]} */ ([dot, index === picked]);
    });
    parts.push(...dots.sort((a, b) => Number(a[1]) - Number(b[1])).map(([dot]) => dot));
    this.drawing.replaceChildren(...parts);
    this.note.replaceChildren(...withSubscripts(shell.say(`margin.${loss}`)));
    this.drawing.setAttribute("aria-label", `${shell.say("panel.margin")}. ${this.note.textContent}`);
  }
}

/**
 * @param {Shell} shell
 * @param {number} low
 * @param {number} high
 * @param {number} top
 * @param {(x: number) => number} placeX
 * @param {(y: number) => number} placeY
 * @returns {SVGElement[]}
 */
function axes(shell, low, high, top, placeX, placeY) {
  const parts = [];
  for (const tick of ticks(0, top)) {
    parts.push(
      makeSvg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: placeY(tick), y2: placeY(tick), class: "grid" }),
      makeSvg("text", { x: LEFT - 6, y: placeY(tick) + 4, "text-anchor": "end" }, shell.number(tick, 3)),
    );
  }
  for (const tick of ticks(low, high, 7)) {
    parts.push(makeSvg("text", { x: placeX(tick), y: HEIGHT - BOTTOM + 15, "text-anchor": "middle" }, shell.number(tick, 3)));
  }
  parts.push(
    makeSvg("line", { x1: placeX(0), x2: placeX(0), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" }),
    makeSvg("text", { x: WIDTH - RIGHT, y: HEIGHT - 5, "text-anchor": "end" }, shell.say("margin")),
    makeSvg("text", { x: 4, y: 13 }, shell.say("cost")),
  );
  return parts;
}

/**
 * Return words with `s_j` written as a letter with a subscript.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function withSubscripts(text) {
  return text.split(/_(\w)/).map((part, index) => (index % 2 ? make("sub", {}, part) : part));
}
