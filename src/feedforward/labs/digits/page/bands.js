// How numbers are spread, over time: bands between quantiles, the darker the nearer to the median.

import { ticks } from "../../page/drawing/curves.js";
import { make, makeSvg } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 170, 52, 10, 8, 26];
const [COUNT, MEDIAN] = [9, 4];

export class Bands {
  /**
   * @param {Shell} shell
   * @param {string} key  the words of the heading
   */
  constructor(shell, key) {
    this.shell = shell;
    this.key = key;
    this.heading = make("h3");
    this.readout = make("p", { class: "note figure" });
    this.drawing = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", width: "100%" });
    this.element = make("div", { class: "chart bands" }, this.heading, this.readout, this.drawing);
  }

  /**
   * @param {number} layer
   * @param {Grid} steps
   * @param {Grid} quantiles  shape (t, 9)
   */
  draw(layer, steps, quantiles) {
    const { shell } = this;
    const xs = Array.from(steps.values);
    if (xs.length === 1) xs.push(xs[0] + 1); // the first moment as a block of one step
    const last = steps.values.length - 1;
    const at = (/** @type {number} */ time, /** @type {number} */ which) => quantiles.values[Math.min(time, last) * COUNT + which];
    let [low, high] = [Infinity, -Infinity];
    for (const value of quantiles.values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (low === high) [low, high] = [low - 0.1, high + 0.1];
    const right = xs[xs.length - 1];
    const placeX = (/** @type {number} */ x) => LEFT + ((x - xs[0]) / (right - xs[0])) * (WIDTH - LEFT - RIGHT);
    const placeY = (/** @type {number} */ y) => TOP + ((high - y) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    const point = (/** @type {number} */ time, /** @type {number} */ which) => `${placeX(xs[time]).toFixed(1)},${placeY(at(time, which)).toFixed(1)}`;
    const times = xs.map((_, time) => time);
    const parts = [];
    for (const tick of ticks(low, high)) {
      parts.push(
        makeSvg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: placeY(tick), y2: placeY(tick), class: "grid" }),
        makeSvg("text", { x: LEFT - 6, y: placeY(tick) + 4, "text-anchor": "end" }, shell.number(tick, 3)),
      );
    }
    for (const tick of ticks(xs[0], right)) {
      parts.push(makeSvg("text", { x: placeX(tick), y: HEIGHT - 9, "text-anchor": "middle" }, shell.number(tick, 4)));
    }
    for (let band = 0; band < MEDIAN; band += 1) {
      const upper = times.map((time) => point(time, COUNT - 1 - band));
      const lower = times.toReversed().map((time) => point(time, band));
      parts.push(makeSvg("polygon", { points: [...upper, ...lower].join(" "), class: "band" }));
    }
    parts.push(makeSvg("polyline", { points: times.map((time) => point(time, MEDIAN)).join(" "), class: "median" }));
    this.drawing.replaceChildren(...parts);
    this.heading.textContent = shell.say(this.key, { layer });
    this.readout.textContent = shell.say("bands.now", {
      low: shell.number(at(last, 0), 3), median: shell.number(at(last, MEDIAN), 3), high: shell.number(at(last, COUNT - 1), 3),
    });
    this.drawing.setAttribute("aria-label", `${this.heading.textContent}: ${this.readout.textContent}`);
  }
}
