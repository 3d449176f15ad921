// The links between units: curves on one canvas, as wide as the weight is large, in the colour of its sign.

import { colourOf } from "../../page/drawing/colours.js";
import { at } from "./frame.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {{layer: number, source: number, target: number}} Link */
/** @typedef {{x: number, y: number, size: number}} Place  the left edge, the middle, the height of a unit */

const MOST_DRAWN = 400; // of a layer: more are a tangle in which none is to be seen; the largest are drawn
const CROWD = 100; // more links than that are drawn thinner

/**
 * Return how wide a link is in pixels.
 * @param {number} weight
 * @param {number} count  of the links of its layer
 */
function widthOf(weight, count) {
  return Math.min(9, 0.8 + 2 * Math.abs(weight)) * (count > CROWD ? 0.4 : 1);
}

/**
 * Return the places between which the links of a layer run.
 * @param {Place[][]} places
 * @param {Link} link
 * @returns {[number, number, number, number]}
 */
function endsOf(places, { layer, source, target }) {
  const [from, to] = [places[layer][source], places[layer + 1][target]];
  return [from.x + from.size, from.y, to.x, to.y];
}

/**
 * Draw all links of a network.
 * @param {HTMLCanvasElement} canvas
 * @param {Frame} frame
 * @param {Place[][]} places  of the units of each layer
 * @param {Link | null} marked
 */
export function drawLinks(canvas, frame, places, marked) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = canvas.width / canvas.clientWidth || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  const [negative, positive] = [colourOf(-1), colourOf(1)];
  frame.weights.forEach((weights, layer) => {
    const [inputs, outputs] = weights.shape;
    let least = 0;
    if (inputs * outputs > MOST_DRAWN) least = Float64Array.from(weights.values, Math.abs).sort()[inputs * outputs - MOST_DRAWN];
    for (let source = 0; source < inputs; source += 1) {
      for (let target = 0; target < outputs; target += 1) {
        const weight = at(weights, source, target);
        if (Math.abs(weight) < least) continue;
        context.strokeStyle = weight < 0 ? negative : positive;
        context.globalAlpha = Math.min(1, 0.3 + 0.7 * Math.abs(weight));
        context.setLineDash(at(frame.frozen[layer], source, target) ? [5, 4] : []);
        context.lineWidth = widthOf(weight, inputs * outputs);
        trace(context, endsOf(places, { layer, source, target }));
      }
    }
  });
  context.globalAlpha = 1;
  context.setLineDash([]);
  if (!marked || marked.layer >= frame.weights.length) return;
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--ink");
  context.lineWidth = 2;
  trace(context, endsOf(places, marked));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number, number, number]} ends
 */
function trace(context, [left, top, right, bottom]) {
  const middle = (left + right) / 2;
  context.beginPath();
  context.moveTo(left, top);
  context.bezierCurveTo(middle, top, middle, bottom, right, bottom);
  context.stroke();
}

/**
 * Return the link that lies nearest to a point of the canvas, if one is near.
 * @param {Frame} frame
 * @param {Place[][]} places
 * @param {number} x
 * @param {number} y
 * @param {number} reach  in pixels: a finger needs more than a mouse
 * @returns {Link | null}
 */
export function nearestLink(frame, places, x, y, reach) {
  /** @type {Link | null} */
  let best = null;
  let closest = reach;
  for (let layer = 0; layer + 1 < places.length; layer += 1) {
    const count = places[layer].length * places[layer + 1].length;
    places[layer].forEach((_from, source) => {
      places[layer + 1].forEach((_to, target) => {
        const [left, top, right, bottom] = endsOf(places, { layer, source, target });
        if (x <= left || x >= right) return;
        const share = shareAt((x - left) / (right - left));
        const weight = at(frame.weights[layer], source, target);
        const distance = Math.abs(top + share * (bottom - top) - y) - widthOf(weight, count) / 2;
        if (distance < closest) [best, closest] = [{ layer, source, target }, distance];
      });
    });
  }
  return best;
}

/**
 * Return how far down a curve has come where it has come so far to the right; both from 0 to 1, by halving.
 * @param {number} across
 */
function shareAt(across) {
  let [low, high] = [0, 1];
  for (let turn = 0; turn < 20; turn += 1) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) + t ** 3 < across) low = t;
    else high = t;
  }
  return low * low * (3 - 2 * low);
}
