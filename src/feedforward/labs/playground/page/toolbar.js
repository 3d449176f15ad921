// The bar above everything: play, step, begin again; how far training has come.

import { make, makeSvg } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z",
  reset: "M8 3V.6L4.2 3.9 8 7.2V4.8a3.6 3.6 0 1 1-3.6 3.6H2.6A5.4 5.4 0 1 0 8 3z",
};

/** @param {keyof typeof ICONS} name */
function icon(name) {
  return makeSvg("svg", { viewBox: "0 0 16 16", width: 15, height: 15, "aria-hidden": "true" }, makeSvg("path", { d: ICONS[name], fill: "currentColor" }));
}

export class Toolbar {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.isPlaying = false;
    this.play = make("button", { class: "primary play", click: () => void shell.act(this.isPlaying ? "pause" : "play") });
    this.showPlay(false);
    const act = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ values = {}) => () => void shell.act(name, values);
    const steps = ["sample", "batch", "epoch"].map((of) =>
      make("button", { "aria-label": shell.say("step.of", { of: shell.say(`step.${of}`) }), click: act("step", { of }) }, shell.say(`step.${of}`)),
    );
    this.figures = Object.fromEntries(["epoch", "step", "train", "test", "penalty"].map((name) => [name, make("span", { class: "figure" })]));
    const read = Object.entries(this.figures).map(([name, figure]) => {
      const one = make("div", { class: `read read-${name}` }, make("span", { class: "note" }, shell.say(`read.${name}`)), figure);
      one.title = shell.find(`read.${name}.help`, "");
      return one;
    });
    this.element = shell.panel(
      "run",
      make(
        "div",
        { class: "toolbar" },
        make("div", { class: "row" }, this.play, make("button", { title: shell.say("reset.help"), click: act("reset") }, icon("reset"), " ", shell.say("reset")),
          make("button", { title: shell.say("renew.help"), click: act("renew") }, shell.say("renew"))),
        make("div", { class: "row steps", role: "group", "aria-label": shell.say("step") }, make("span", { class: "note" }, shell.say("step")), ...steps),
        make("div", { class: "reads" }, ...read),
      ),
    );
  }

  /** @param {boolean} isPlaying */
  showPlay(isPlaying) {
    this.isPlaying = isPlaying;
    this.play.replaceChildren(icon(isPlaying ? "pause" : "play"), " ", this.shell.say(isPlaying ? "pause" : "play"));
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { shell, figures } = this;
    if (frame.is_playing !== this.isPlaying) this.showPlay(frame.is_playing);
    const loss = (/** @type {number | null} */ value) => shell.number(value, value !== null && Math.abs(value) < 0.001 ? 2 : 4);
    const part = frame.samples && !frame.is_playing ? shell.say("read.samples", { samples: frame.samples }) : "";
    figures.epoch.replaceChildren(frame.epoch.toLocaleString(shell.language), make("span", { class: "note" }, part));
    figures.step.textContent = frame.step.toLocaleString(shell.language);
    figures.train.textContent = loss(frame.loss.train);
    figures.test.textContent = loss(frame.loss.test);
    figures.penalty.textContent = loss(frame.loss.penalty);
  }
}
