// The plane: colours of the output, the points, the axes, and a mark that the pointer or the arrow keys move.

import { ticks } from "../../page/drawing/curves.js";
import { make } from "../../page/elements.js";
import { paint, pointColour } from "./colouring.js";
import { EDGE } from "./frame.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./colouring.js").Shown} Shown */
/** @typedef {{x: number, y: number}} Spot  a place of the plane */

const [LEFT, BOTTOM, OTHER] = [46, 38, 6]; // margins in pixels: the numbers and names of the axes stand there

export class OutputMap {
  /**
   * @param {string} label
   * @param {(value: number) => string} write
   * @param {(spot: Spot | null) => void} look  is told where the mark is
   * @param {(spot: Spot, isErasing: boolean) => void} edit  is told where points are to be added or taken away
   */
  constructor(label, write, look, edit) {
    this.write = write;
    this.look = look;
    this.map = make("canvas", { class: "map" });
    this.over = make("canvas", { class: "over" });
    this.element = make("div", { class: "output-map", tabindex: 0, role: "img", "aria-label": label }, this.map, this.over);
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Spot | null} */
    this.mark = null;
    this.drawnPoints = "";
    this.hasTest = false;
    /** @type {import("./own.js").Point[] | null} */
    this.few = null;
    this.listen(edit);
    new ResizeObserver(() => this.drawOver()).observe(this.element);
  }

  /** @param {(spot: Spot, isErasing: boolean) => void} edit */
  listen(edit) {
    const { element } = this;
    /** @param {MouseEvent} event */
    const spotOf = (event) => {
      const box = element.getBoundingClientRect();
      const part = (event.clientX - box.left - LEFT) / (box.width - LEFT - OTHER);
      const down = (event.clientY - box.top - OTHER) / (box.height - OTHER - BOTTOM);
      return part < 0 || part > 1 || down < 0 || down > 1 ? null : { x: (2 * part - 1) * EDGE, y: (1 - 2 * down) * EDGE };
    };
    element.addEventListener("pointermove", (event) => this.point(spotOf(event)));
    element.addEventListener("pointerleave", () => this.point(null));
    element.addEventListener("blur", () => this.point(null));
    element.addEventListener("click", (event) => {
      const spot = spotOf(event);
      if (spot) edit(spot, event.shiftKey);
    });
    element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      const spot = this.mark ?? { x: 0, y: 0 };
      if (by) {
        const step = event.shiftKey ? 1 : 0.2;
        const move = (/** @type {number} */ from, /** @type {number} */ way) => Math.max(-EDGE, Math.min(EDGE, from + way * step));
        this.point({ x: move(spot.x, by[0]), y: move(spot.y, by[1]) });
      } else if (event.key === "Enter" || event.key === " ") edit(spot, event.shiftKey);
      else if (event.key === "Delete" || event.key === "Backspace") edit(spot, true);
      else return;
      event.preventDefault();
    });
  }

  /**
   * Show other points than the frame's, or the frame's again.
   * @param {import("./own.js").Point[] | null} few
   */
  sketch(few) {
    this.few = few;
    this.drawOver();
  }

  /** @param {Spot | null} spot */
  point(spot) {
    this.mark = spot;
    this.look(spot);
    this.drawOver();
  }

  /**
   * @param {Frame} frame
   * @param {Shown} shown
   * @param {boolean} hasTest  whether test points are shown
   */
  draw(frame, shown, hasTest) {
    this.frame = frame;
    this.hasTest = hasTest;
    paint(this.map, shown);
    const key = JSON.stringify([frame.data.version, hasTest, frame.axes, frame.task]);
    if (key === this.drawnPoints) return;
    this.drawnPoints = key;
    this.drawOver();
  }

  /** Draw the axes, the points and the mark. */
  drawOver() {
    const { over, frame, mark } = this;
    const context = over.getContext("2d");
    const { clientWidth: width, clientHeight: height } = over;
    if (!context || !frame || !width) return;
    const ratio = devicePixelRatio || 1;
    if (over.width !== Math.round(width * ratio)) {
      over.width = Math.round(width * ratio);
      over.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const placeX = (/** @type {number} */ x) => LEFT + ((x + EDGE) / (2 * EDGE)) * (width - LEFT - OTHER);
    const placeY = (/** @type {number} */ y) => OTHER + ((EDGE - y) / (2 * EDGE)) * (height - OTHER - BOTTOM);
    const style = getComputedStyle(over);
    this.drawAxes(context, frame, placeX, placeY, style.getPropertyValue("--soft"));
    const { points, targets, is_test: isTest } = frame.data;
    const all = this.few ?? Array.from(targets.values, (target, index) => [points.values[2 * index], points.values[2 * index + 1], target]);
    const radius = all.length > 1000 ? 2.4 : 3.4;
    for (const [index, [x, y, target]] of all.entries()) {
      const isHollow = !this.few && isTest.values[index] !== 0;
      if (isHollow && !this.hasTest) continue;
      context.beginPath();
      context.arc(placeX(x), placeY(y), radius, 0, 7);
      const colour = pointColour(frame, target);
      context.fillStyle = isHollow ? style.getPropertyValue("--paper") : colour;
      context.strokeStyle = isHollow ? colour : style.getPropertyValue("--paper");
      context.lineWidth = isHollow ? 1.8 : 1;
      context.fill();
      context.stroke();
    }
    if (!mark) return;
    context.strokeStyle = style.getPropertyValue("--ink");
    context.lineWidth = 1.5;
    context.strokeRect(placeX(mark.x) - 4, placeY(mark.y) - 4, 8, 8);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} frame
   * @param {(x: number) => number} placeX
   * @param {(y: number) => number} placeY
   * @param {string} colour
   */
  drawAxes(context, frame, placeX, placeY, colour) {
    context.fillStyle = colour;
    context.font = "12px system-ui, sans-serif";
    const { x1, x2 } = frame.axes;
    const toPlane = (/** @type {number} */ value, /** @type {[string, number, number]} */ [, low, high]) => ((value - low) / (high - low)) * 2 * EDGE - EDGE;
    context.textAlign = "center";
    const bottom = placeY(-EDGE);
    for (const tick of ticks(x1[1], x1[2])) context.fillText(this.write(tick), placeX(toPlane(tick, x1)), bottom + 15);
    context.fillText(x1[0], placeX(0), bottom + 31);
    context.save();
    context.translate(11, placeY(0));
    context.rotate(-Math.PI / 2);
    context.fillText(x2[0], 0, 0);
    context.restore();
    context.textAlign = "right";
    for (const tick of ticks(x2[1], x2[2])) context.fillText(this.write(tick), LEFT - 5, placeY(toPlane(tick, x2)) + 4);
  }
}
