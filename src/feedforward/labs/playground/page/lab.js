// The playground's page.

import { Chart } from "../../page/drawing/curves.js";
import { drawHeatmap } from "../../page/drawing/heatmap.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mount(root, shell) {
  const canvas = make("canvas", { class: "heatmap" });
  const chart = new Chart({ x: shell.say("epoch"), write: (value) => shell.number(value, 3) });
  const epoch = make("span", { class: "figure" });
  /** @type {any} */
  let last = null;
  const play = make("button", { class: "primary", click: () => void shell.act(last?.is_playing ? "pause" : "play") }, shell.say("play"));
  root.append(
    shell.panel("run", make("div", { class: "row" }, play, make("button", { click: () => void shell.act("reset") }, shell.say("reset")), epoch)),
    make("div", { class: "columns" }, shell.panel("output", canvas), shell.panel("loss", chart.element)),
  );
  return {
    draw(frame) {
      last = frame;
      play.textContent = shell.say(frame.is_playing ? "pause" : "play");
      epoch.textContent = `${shell.say("epoch")} ${shell.number(frame.epoch, 7)}`;
      drawHeatmap(canvas, frame.output.values, 50, 1);
      const { values } = frame.loss;
      chart.draw([{ label: shell.say("loss"), colour: "var(--train)", x: values.map((/** @type {number} */ _y, /** @type {number} */ index) => index + 1), y: values }]);
    },
    snapshot: () => ({ epoch: last?.epoch ?? 0 }),
  };
}
