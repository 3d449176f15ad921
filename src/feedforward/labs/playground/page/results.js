// How well the network does: the curves of the loss, the accuracy, which classes it takes for which.

import { Chart } from "../../page/drawing/curves.js";
import { Matrix } from "../../page/drawing/matrix.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */

const CHART_PAUSE = 100; // milliseconds between two drawings of the curves while training

export class Results {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.time = 0;
    const write = (/** @type {number} */ value) => (Number.isSafeInteger(value) ? value.toLocaleString(shell.language) : shell.number(value, 3));
    this.chart = new Chart({ x: shell.say("read.step"), write });
    this.logarithm = make("button", { click: () => this.turn(!shell.view.isLog) }, shell.say("loss.log"));
    this.loss = shell.panel("loss", this.chart.element);
    this.loss.querySelector("h2")?.after(this.logarithm);
    this.figures = { train: make("span", { class: "figure large" }), test: make("span", { class: "figure large" }) };
    this.matrix = new Matrix({ rows: shell.say("true"), columns: shell.say("predicted"), write: (count) => shell.number(count, 9) });
    this.none = make("p", { class: "note" }, shell.say("accuracy.none"));
    this.some = make(
      "div",
      { class: "accuracy" },
      make(
        "div",
        {},
        make("p", { class: "note" }, shell.say("accuracy.train")),
        make("p", {}, this.figures.train),
        make("p", { class: "note" }, shell.say("accuracy.test")),
        make("p", {}, this.figures.test),
      ),
      make("div", { class: "counts" }, make("p", { class: "note" }, shell.say("confusion")), this.matrix.element),
    );
    this.accuracy = shell.panel("accuracy", this.none, this.some);
    this.turn(shell.view.isLog ?? false);
  }

  /** @param {boolean} isLog */
  turn(isLog) {
    this.shell.view.isLog = isLog;
    this.logarithm.setAttribute("aria-pressed", String(isLog));
    this.chart.options.isLog = isLog;
    this.chart.options.low = isLog ? undefined : 0;
    this.chart.draw(this.chart.curves);
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { shell } = this;
    const now = performance.now();
    if (!frame.is_playing || now - this.time > CHART_PAUSE) {
      this.time = now;
      const { step, train, test } = frame.curves;
      this.chart.draw([
        { label: shell.say("curve.train"), colour: "var(--train)", x: step.values, y: train.values },
        { label: shell.say("curve.test"), colour: "var(--test)", x: step.values, y: test.values, isDashed: true },
      ]);
    }
    this.none.hidden = frame.accuracy !== null;
    this.some.hidden = frame.accuracy === null;
    if (frame.accuracy) {
      this.figures.train.textContent = percent(shell, frame.accuracy.train);
      this.figures.test.textContent = percent(shell, frame.accuracy.test);
    }
    if (frame.confusion) this.matrix.draw(frame.confusion.values, frame.class_names);
  }
}

/**
 * @param {Shell} shell
 * @param {number | null} share
 */
function percent(shell, share) {
  return share === null ? "–" : `${shell.number(100 * share, 3)} %`;
}
