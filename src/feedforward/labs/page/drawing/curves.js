// Curves over a common axis, with ticks and a read-out where the pointer is.

import { make, makeSvg } from "../elements.js";

/**
 * A curve: its words, its colour, its points.
 * @typedef {object} Curve
 * @property {string} label
 * @property {string} colour  a CSS colour, such as `var(--train)`
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {boolean} [isDashed]
 */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 190, 52, 10, 8, 26];

/** A chart that is drawn anew with each frame. */
export class Chart {
  /**
   * @param {{x: string, write: (value: number) => string, isLog?: boolean, low?: number, high?: number}} options
   *   the words of the horizontal axis; how a number is written; whether the vertical axis is logarithmic; its ends
   */
  constructor(options) {
    this.options = options;
    this.readout = make("p", { class: "note figure" });
    this.drawing = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", width: "100%" });
    this.element = make("div", { class: "chart" }, this.readout, this.drawing);
    /** @type {Curve[]} */
    this.curves = [];
    /** @type {number | null} */
    this.pointer = null;
    this.drawing.addEventListener("pointermove", (event) => {
      const box = this.drawing.getBoundingClientRect();
      this.pointer = ((event.clientX - box.left) / box.width) * WIDTH;
      this.draw(this.curves);
    });
    this.drawing.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.draw(this.curves);
    });
  }

  /** @param {Curve[]} curves */
  draw(curves) {
    this.curves = curves;
    const { write, isLog, x: words } = this.options;
    const xs = curves.flatMap((curve) => [curve.x[0], curve.x[curve.x.length - 1]]).filter(Number.isFinite);
    const ys = curves.flatMap((curve) => Array.from(curve.y)).filter((y) => Number.isFinite(y) && (!isLog || y > 0));
    const [first, last] = xs.length ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
    const [left, right] = [first, last > first ? last : first + 1];
    const turn = isLog ? Math.log10 : (/** @type {number} */ y) => y;
    const least = this.options.low ?? ys.reduce((a, b) => Math.min(a, b), Infinity);
    const most = this.options.high ?? ys.reduce((a, b) => Math.max(a, b), -Infinity);
    const [low, high] = ys.length ? spread(turn(least), turn(most)) : [0, 1];
    const placeX = (/** @type {number} */ x) => LEFT + ((x - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
    const placeY = (/** @type {number} */ y) => TOP + ((high - turn(y)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    const parts = [];
    for (const tick of ticks(low, high)) {
      const y = isLog ? 10 ** tick : tick;
      parts.push(
        makeSvg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: placeY(y), y2: placeY(y), class: "grid" }),
        makeSvg("text", { x: LEFT - 6, y: placeY(y) + 4, "text-anchor": "end" }, write(y)),
      );
    }
    for (const tick of ticks(left, right)) {
      parts.push(makeSvg("text", { x: placeX(tick), y: HEIGHT - 9, "text-anchor": "middle" }, write(tick)));
    }
    for (const curve of curves) {
      const points = [];
      for (let index = 0; index < curve.x.length; index += 1) {
        const y = curve.y[index];
        if (Number.isFinite(y) && (!isLog || y > 0)) points.push(`${placeX(curve.x[index]).toFixed(1)},${placeY(y).toFixed(1)}`);
      }
      const line = makeSvg("polyline", { points: points.join(" "), class: curve.isDashed ? "curve dashed" : "curve" });
      line.style.stroke = curve.colour;
      parts.push(line);
    }
    const at = this.pointer === null ? right : left + ((this.pointer - LEFT) / (WIDTH - LEFT - RIGHT)) * (right - left);
    const read = curves.map((curve) => /** @type {[Curve, number]} */ ([curve, nearest(curve.x, at)]));
    if (this.pointer !== null && read.length && read[0][1] >= 0) {
      const x = placeX(read[0][0].x[read[0][1]]);
      parts.push(makeSvg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, class: "pointer" }));
    }
    this.drawing.replaceChildren(...parts);
    const said = read.map(([curve, index]) => {
      const mark = make("span", { class: "key" });
      mark.style.background = curve.colour;
      return make("span", {}, mark, ` ${curve.label} ${index < 0 ? "–" : write(curve.y[index])}`);
    });
    const place = read.length && read[0][1] >= 0 ? `${words} ${write(read[0][0].x[read[0][1]])}` : words;
    this.readout.replaceChildren(make("span", {}, place), ...said);
    this.drawing.setAttribute("aria-label", this.readout.textContent ?? "");
  }
}

/**
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
function spread(low, high) {
  return high > low ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
}

/**
 * Return round numbers between two.
 * @param {number} low
 * @param {number} high
 * @param {number} [count]  about so many at most
 */
export function ticks(low, high, count = 4) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  /** @type {number[]} */
  const found = [];
  // Between neighbours among numbers such as 1e17 an index grows no more by 1: hence the count.
  for (let index = Math.ceil(low / step - 1e-9); found.length <= 2 * count && index * step <= high + step * 1e-9; index += 1) found.push(index * step + 0); // + 0: no negative zero
  return found;
}

/**
 * @param {ArrayLike<number>} xs  rising
 * @param {number} x
 */
function nearest(xs, x) {
  let [first, last] = [0, xs.length - 1];
  while (first < last) {
    const middle = (first + last) >> 1;
    if (xs[middle] < x) first = middle + 1;
    else last = middle;
  }
  return first > 0 && x - xs[first - 1] < xs[first] - x ? first - 1 : Math.min(first, xs.length - 1);
}
