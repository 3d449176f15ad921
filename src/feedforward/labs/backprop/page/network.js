// The network mode: a run along the steps, the drawing, the formulas, the chain rule, matrices, tables, the surface.

import { Chart } from "../../page/drawing/curves.js";
import { make } from "../../page/elements.js";
import { Diagram } from "./diagram.js";
import { equations } from "./equations.js";
import { knownOf, presentOf } from "./frame.js";
import { matrices } from "./matrices.js";
import { SurfaceView } from "./surface.js";
import { makeExamples, makeParameters } from "./tables.js";
import { makeTrack } from "./track.js";
import { Tracer } from "./tracer.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * @param {Shell} shell
 * @param {Chart} chart
 * @param {Frame} frame
 */
function drawCurve(shell, chart, frame) {
  const losses = frame.position === frame.steps.length ? [...frame.curve, frame.after.loss] : frame.curve;
  const x = losses.map((_loss, index) => frame.first_update + index);
  chart.draw([{ label: shell.say("loss"), colour: "var(--value)", x, y: losses }]);
}

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mountNetwork(root, shell) {
  /** @type {Frame | null} */
  let last = null;
  /** @type {number | null} */
  let path = null;
  /** @type {[number, number] | null} */
  let chosen = null;
  let place = "";
  let written = "";

  const track = makeTrack(shell);
  const diagram = new Diagram(shell, (layer, unit) => {
    chosen = chosen?.[0] === layer && chosen[1] === unit ? null : [layer, unit];
    redraw();
  });
  const tracer = new Tracer(shell, (index) => {
    if (path === index) return;
    path = index;
    redraw();
  });
  const parameters = makeParameters(shell);
  const examples = makeExamples(shell);
  const surface = new SurfaceView(shell);
  const curve = new Chart({ x: shell.say("updates"), write: (value) => shell.number(value, 4) });
  const formulas = make("div", { class: "equations" });
  const products = make("div", { class: "matrices scroll" });
  const legend = make("p", { class: "note legend" }, make("span", { class: "value" }, shell.say("legend.value")), make("span", { class: "gradient" }, shell.say("legend.gradient")), make("span", {}, shell.say("legend.click")));

  const drawing = make("div", { class: "drawing" }, make("div", { class: "scroll" }, diagram.element), legend);
  root.append(
    shell.panel("update", track.element, make("div", { class: "update-body" }, drawing, formulas)),
    shell.panel("examples", examples.element),
    make(
      "div",
      { class: "columns" },
      make("div", { class: "stack" }, shell.panel("trace", tracer.element), shell.panel("curve", curve.element)),
      shell.panel("surface", surface.element),
    ),
    shell.panel("matrices", products),
    shell.panel("parameters", parameters.element),
  );

  const redraw = () => {
    if (last) draw(last);
  };

  /** @param {Frame} frame */
  const draw = (frame) => {
    const now = JSON.stringify([frame.position, frame.updates, frame.network.widths]);
    if (now !== place && last) chosen = place === "" ? chosen : null;
    place = now;
    last = frame;
    const known = knownOf(frame);
    track.draw(frame);
    diagram.draw(frame, known, chosen, path);
    tracer.draw(frame);
    parameters.draw(frame, known);
    examples.draw(frame, known);
    surface.draw(frame);
    drawCurve(shell, curve, frame);
    const key = JSON.stringify([now, chosen, frame.settings, frame.vector, frame.x, frame.targets]);
    if (key === written) return;
    written = key;
    formulas.replaceChildren(...equations(shell, frame, known, chosen));
    products.replaceChildren(...matrices(shell, frame, known, chosen));
  };

  return {
    draw,
    snapshot: () =>
      last ? {
        position: last.position,
        steps: last.steps,
        updates: last.updates,
        loss: last.loss_now,
        vector: presentOf(last),
        gradient: last.gradient,
        trace: last.trace,
        x: last.x,
        targets: last.targets,
        chosen,
      } : {},
  };
}
