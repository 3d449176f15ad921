// A slice of the loss surface: colours and contours of the loss over two weights, and the path of descent on it.

import { drawHeatmap } from "../../page/drawing/heatmap.js";
import { make, makeSvg } from "../../page/elements.js";
import { small } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("../../page/shell.js").Shell} Shell */

const [SIDE, LEFT, BOTTOM, LEVELS] = [400, 46, 34, 12];

export class SurfaceView {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.canvas = make("canvas", { class: "heatmap", "aria-hidden": "true" });
    this.drawing = makeSvg("svg", { viewBox: `${-LEFT} -8 ${SIDE + LEFT + 12} ${SIDE + BOTTOM + 12}`, role: "img", class: "surface-lines" });
    this.axes = [0, 1].map((which) => make("select", { "aria-label": shell.say(which === 0 ? "surface.first" : "surface.second"), change: () => void this.choose() }));
    this.note = make("p", { class: "note" });
    const span = shell.control("span");
    this.element = make(
      "div",
      { class: "surface" },
      make("div", { class: "row" }, this.axes[0], "×", this.axes[1]),
      make("div", { class: "surface-frame" }, this.canvas, this.drawing),
      this.note,
      ...(span ? [span] : []),
    );
    /** @type {Frame | null} */
    this.frame = null;
    this.built = "";
    this.names = "";
    this.drawing.addEventListener("click", (event) => this.place(event));
  }

  async choose() {
    await this.shell.act("slice", { first: this.axes[0].selectedIndex, second: this.axes[1].selectedIndex });
    this.built = "";
  }

  /**
   * Put the two weights where the pointer is.
   * @param {MouseEvent} event
   */
  place(event) {
    const { frame } = this;
    const matrix = this.drawing.getScreenCTM();
    if (!frame || !matrix) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    if (at.x < 0 || at.x > SIDE || at.y < 0 || at.y > SIDE) return;
    const { first, second } = frame.surface;
    const values = { first: first[0] + (at.x / SIDE) * (first[1] - first[0]), second: second[1] - (at.y / SIDE) * (second[1] - second[0]) };
    void this.shell.act("move", { first: Number(values.first.toPrecision(4)), second: Number(values.second.toPrecision(4)) });
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.frame = frame;
    const { surface } = frame;
    const names = frame.network.parameters.map((one) => one.name);
    if (names.join() !== this.names) for (const one of this.axes) one.replaceChildren(...names.map((name) => make("option", {}, small(name))));
    this.names = names.join();
    this.axes.forEach((one, which) => {
      if (document.activeElement !== one) one.selectedIndex = surface.axes[which];
    });
    const isUpdated = frame.position === frame.steps.length;
    const key = JSON.stringify([surface.first, surface.second, surface.path, surface.next, isUpdated, frame.vector, frame.settings, frame.x, frame.targets]);
    if (key === this.built) return;
    this.built = key;
    this.build(frame, isUpdated);
  }

  /**
   * @param {Frame} frame
   * @param {boolean} isUpdated
   */
  build(frame, isUpdated) {
    const { surface } = frame;
    const { values, shape } = surface.losses;
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    // Near the bottom of a valley losses differ little: levels grow from there by a square.
    const heights = Float64Array.from(values, (value) => (high > low ? Math.sqrt((value - low) / (high - low)) : 0));
    drawHeatmap(this.canvas, heights, shape[1], 1);
    const x = (/** @type {number} */ value) => ((value - surface.first[0]) / (surface.first[1] - surface.first[0])) * SIDE;
    const y = (/** @type {number} */ value) => ((surface.second[1] - value) / (surface.second[1] - surface.second[0])) * SIDE;
    const lines = Array.from({ length: LEVELS }, (_none, index) => makeSvg("path", { d: contour(heights, shape[1], (index + 0.5) / LEVELS), class: "contour" }));
    const path = isUpdated ? [...surface.path, surface.next] : surface.path;
    const points = path.map(([first, second]) => `${x(first).toFixed(1)},${y(second).toFixed(1)}`);
    const [first, second] = path[path.length - 1];
    const text = [0, 1].map((which) => small(frame.network.parameters[surface.axes[which]].name));
    const ends = [surface.first, surface.second].map((range) => range.map((value) => this.shell.number(value, 3)));
    this.drawing.replaceChildren(
      ...lines,
      makeSvg("polyline", { points: points.join(" "), class: "descent" }),
      ...path.slice(0, -1).map((one) => makeSvg("circle", { cx: x(one[0]), cy: y(one[1]), r: 2.5, class: "visited" })),
      makeSvg("circle", { cx: x(first), cy: y(second), r: 6, class: "here" }),
      makeSvg("text", { x: 0, y: SIDE + 18 }, ends[0][0]),
      makeSvg("text", { x: SIDE, y: SIDE + 18, "text-anchor": "end" }, ends[0][1]),
      makeSvg("text", { x: SIDE / 2, y: SIDE + 20, "text-anchor": "middle", class: "name" }, text[0]),
      makeSvg("text", { x: -6, y: 10, "text-anchor": "end" }, ends[1][1]),
      makeSvg("text", { x: -6, y: SIDE, "text-anchor": "end" }, ends[1][0]),
      makeSvg("text", { x: -8, y: SIDE / 2, "text-anchor": "end", class: "name" }, text[1]),
    );
    const said = this.shell.say("surface.note", { low: this.shell.number(low, 3), high: this.shell.number(high, 3) });
    this.note.textContent = said;
    this.drawing.setAttribute("aria-label", said);
  }
}

/**
 * Return the lines along which a grid has a level, as the path of a drawing.
 * @param {Float64Array} heights  rows from the top
 * @param {number} width
 * @param {number} level
 */
export function contour(heights, width, level) {
  const rows = heights.length / width;
  const [stepX, stepY] = [SIDE / (width - 1), SIDE / (rows - 1)];
  const parts = [];
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < width - 1; column += 1) {
      const at = row * width + column;
      const corners = [heights[at], heights[at + 1], heights[at + width + 1], heights[at + width]];
      const places = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const crossings = [];
      for (let side = 0; side < 4; side += 1) {
        const next = (side + 1) % 4;
        if (corners[side] < level === corners[next] < level) continue;
        const part = (level - corners[side]) / (corners[next] - corners[side]);
        const [fromX, fromY] = places[side];
        const [toX, toY] = places[next];
        crossings.push(`${((fromX + part * (toX - fromX)) * stepX).toFixed(1)} ${((fromY + part * (toY - fromY)) * stepY).toFixed(1)}`);
      }
      for (let index = 0; index + 1 < crossings.length; index += 2) parts.push(`M${crossings[index]}L${crossings[index + 1]}`);
    }
  }
  return parts.join("");
}
