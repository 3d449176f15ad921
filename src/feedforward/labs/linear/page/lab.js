// The linear lab's page: points in the plane, parameters with their gradients, what each point costs, and why.

import { Chart } from "../../page/drawing/curves.js";
import { markOf, Plane } from "../../page/drawing/plane.js";
import { make } from "../../page/elements.js";
import { MarginPlot } from "./margin.js";
import { Parameters } from "./parameters.js";
import { drawScores } from "./scores.js";
import { CLASSES, Table } from "./table.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

/** The engine takes points of this square, see linear/state.py. */
const EDGE = 1.5;

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mount(root, shell) {
  const { view } = shell;
  view.group ??= 0;
  /** @type {any} */
  let last = null;
  /** @type {number | null} the point that the pointer is on, in whichever panel */
  let picked = null;
  const pick = (/** @type {number | null} */ index) => {
    picked = index;
    if (last) draw(last);
  };
  const remove = (/** @type {number} */ index) => void shell.act("remove", { index });
  const relabel = (/** @type {number} */ index, /** @type {number} */ label) => void shell.act("relabel", { index, label });

  const plane = new Plane({
    edge: EDGE,
    label: shell.say("panel.plane"),
    write: (value) => shell.number(value, 2),
    move: newest((index, x, y) => shell.act("move", { index, x, y })),
    add: (x, y) => void shell.act("add", { x, y, label: view.group }),
    press: (index, key) => {
      if (key === "Delete" || key === "Backspace") remove(index);
      else if (CLASSES.includes(Number(key) - 1)) relabel(index, Number(key) - 1);
    },
    point: pick,
  });
  const groups = CLASSES.map((group) =>
    make(
      "button",
      {
        class: "class-choice",
        "aria-pressed": String(view.group === group),
        click: () => {
          view.group = group;
          groups.forEach((button, index) => button.setAttribute("aria-pressed", String(index === group)));
        },
      },
      markOf(group),
      ` ${shell.say("class", { number: group })}`,
    ),
  );
  const legend = make("p", { class: "note legend" });
  const hint = make("p", { class: "note" }, shell.say("hint"));
  const play = make("button", { class: "primary", click: () => void shell.act(last?.is_playing ? "pause" : "play") });
  const updates = make("span", { class: "figure" });
  const right = make("span", { class: "figure" });
  const button = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ values = {}) =>
    make("button", { click: () => void shell.act(name, values) }, shell.say(name));
  const sum = make("p", { class: "sum", "aria-live": "off" });
  const size = make("p", { class: "note" });
  const check = make("p", { class: "note gradient-check" });
  const parameters = new Parameters(shell);
  const table = new Table(shell, { pick, remove, relabel });
  const margins = new MarginPlot(shell, pick);
  const chart = new Chart({ x: shell.say("update"), write: (value) => shell.number(value, 3), low: 0 });
  const positive = shell.widgets.get("positive")?.element;

  root.append(
    make(
      "div",
      { class: "linear" },
      make(
        "div",
        { class: "linear-column" },
        shell.panel("plane", plane.element, legend, make("div", { class: "row add" }, make("span", { class: "note" }, shell.say("add")), ...groups), hint),
        shell.panel("margin", margins.element),
        shell.panel("history", chart.element),
      ),
      make(
        "div",
        { class: "linear-column" },
        shell.panel(
          "parameters",
          make("div", { class: "row" }, play, button("step", { count: 1 })),
          make("div", { class: "row" }, button("randomise"), button("zero"), button("reset")),
          sum,
          parameters.element,
          size,
          check,
        ),
        shell.panel("points", make("div", { class: "row counts" }, right, updates), table.element),
      ),
    ),
  );

  /** @param {any} frame */
  function draw(frame) {
    last = frame;
    if (positive) positive.hidden = !frame.is_binary;
    play.textContent = shell.say(frame.is_playing ? "pause" : "play");
    updates.textContent = shell.say("updates", { number: shell.number(frame.updates, 7) });
    const count = frame.is_right.values.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    right.textContent = shell.say("right", { count, all: frame.is_right.values.length });
    legend.textContent = `${shell.say(frame.is_binary ? "legend.binary" : "legend.classes")} ${shell.say(frame.reach === null ? "legend.smooth" : `legend.reach.${frame.reach}`)}`;
    drawScores(plane, frame);
    plane.show(pointsOf(frame, shell, picked));
    parameters.draw(frame);
    table.draw(frame, picked);
    margins.draw(frame, picked);
    size.textContent = shell.say("size", { size: shell.decimals(frame.weights, 3) });
    drawSum(sum, frame, shell);
    drawCheck(check, frame.check, shell);
    const { values } = frame.history;
    const first = frame.updates - values.length + 1;
    const x = Array.from(values, (_value, index) => first + index);
    chart.draw([{ label: shell.say("total"), colour: "var(--train)", x, y: values }]);
  }

  return {
    draw,
    snapshot: () => (last ? plain(last) : {}),
  };
}

/**
 * Return the points of a frame as the plane draws them.
 * @param {any} frame
 * @param {Shell} shell
 * @param {number | null} picked
 */
function pointsOf(frame, shell, picked) {
  const { values } = frame.points;
  return Array.from(frame.classes.values, (group, index) => {
    const [x, y] = [values[2 * index], values[2 * index + 1]];
    const classes = [
      frame.active.values[index] ? "ringed" : "",
      frame.is_right.values[index] ? "" : "hollow",
      index === picked ? "picked" : "",
    ].join(" ");
    const label = shell.say("point", { number: index + 1, group, x: shell.number(x, 3), y: shell.number(y, 3) });
    return { x, y, group, classes, label };
  });
}

/**
 * Write data loss + penalty = total.
 * @param {HTMLElement} root
 * @param {any} frame
 * @param {Shell} shell
 */
function drawSum(root, frame, shell) {
  const part = (/** @type {string} */ name, /** @type {number} */ value) =>
    make("span", { class: `part ${name}` }, make("span", { class: "figure" }, shell.decimals(value, 4)), make("span", { class: "note" }, shell.say(name)));
  root.replaceChildren(part("data_loss", frame.data_loss), "+", part("penalty", frame.penalty), "=", part("total", frame.total));
}

/**
 * Write how the gradient compares with central differences.
 * @param {HTMLElement} root
 * @param {{difference: number, rounding: number, kinks: number}} check
 * @param {Shell} shell
 */
function drawCheck(root, check, shell) {
  const agrees = check.difference <= Math.max(1e-6, check.rounding);
  const key = !agrees ? "check.wrong" : check.rounding > 1e-6 ? "check.rounding" : "check";
  const said = shell.say(key, { difference: shell.number(check.difference, 2) });
  root.className = `note gradient-check ${agrees ? "right" : "wrong"}`;
  root.textContent = `${agrees ? "✓" : "✗"} ${said}${check.kinks ? ` ${shell.say("check.kinks", { count: check.kinks })}` : ""}`;
}

/**
 * Return a function that sends what it is called with last, one message at a time: a pointer is faster than an engine.
 * @param {(index: number, x: number, y: number) => Promise<unknown>} send
 */
function newest(send) {
  /** @type {[number, number, number] | null} */
  let waiting = null;
  let isBusy = false;
  return async (/** @type {number} */ index, /** @type {number} */ x, /** @type {number} */ y) => {
    waiting = [index, x, y];
    if (isBusy) return;
    isBusy = true;
    while (waiting) {
      const now = waiting;
      waiting = null;
      await send(...now);
    }
    isBusy = false;
  };
}

/**
 * Return a frame as JSON: arrays as lists of numbers.
 * @param {any} value
 * @returns {any}
 */
function plain(value) {
  if (ArrayBuffer.isView(value)) return Array.from(/** @type {Float64Array} */ (value));
  if (value === null || typeof value !== "object") return value;
  if (value.values && value.shape) return plain(value.values);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
