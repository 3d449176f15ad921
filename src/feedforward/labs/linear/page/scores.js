// What scores draw in the plane: regions of the classes, lines where a score is 0 or ±1, arrows along the weights.

import { makeSvg } from "../../page/elements.js";

/** @typedef {import("../../page/drawing/plane.js").Plane} Plane */

/**
 * @param {Plane} plane
 * @param {any} frame
 */
export function drawScores(plane, frame) {
  const parts = [];
  for (const region of frame.regions) {
    const shape = makeSvg("polygon", { points: plane.path(region.corners), class: "region" });
    shape.style.fill = region.class === null ? "var(--soft)" : `var(--class-${region.class})`;
    parts.push(shape);
  }
  for (const ends of frame.limits) if (ends) parts.push(lineOf(plane, ends, "limit", frame.rows[0]));
  frame.rows.forEach((/** @type {number} */ row, /** @type {number} */ index) => {
    const [ends, arrow] = [frame.lines[index], frame.arrows[index]];
    if (ends) parts.push(lineOf(plane, ends, "zero", row));
    if (arrow) parts.push(arrowOf(plane, arrow, row));
  });
  plane.below.replaceChildren(...parts);
}

/**
 * @param {Plane} plane
 * @param {[[number, number], [number, number]]} ends
 * @param {string} name
 * @param {number} row
 */
function lineOf(plane, ends, name, row) {
  const [[x1, y1], [x2, y2]] = ends.map(([x, y]) => plane.place(x, y));
  const line = makeSvg("line", { x1, y1, x2, y2, class: `score ${name}` });
  line.style.stroke = `var(--class-${row})`;
  return line;
}

/**
 * @param {Plane} plane
 * @param {[[number, number], [number, number]]} ends  tail and head
 * @param {number} row
 */
function arrowOf(plane, ends, row) {
  const [[x1, y1], [x2, y2]] = ends.map(([x, y]) => plane.place(x, y));
  const turn = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  const arrow = makeSvg(
    "g",
    { class: "arrow" },
    makeSvg("line", { x1, y1, x2, y2 }),
    makeSvg("path", { d: "M3,0 L-9,-5.5 L-6,0 L-9,5.5 Z", transform: `translate(${x2} ${y2}) rotate(${turn})` }),
  );
  arrow.style.setProperty("--colour", `var(--class-${row})`);
  return arrow;
}
