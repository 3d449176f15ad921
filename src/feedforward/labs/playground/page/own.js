// Points of one's own: drawn into the plane, or read from a table.

import { make } from "../../page/elements.js";
import { classVariable } from "./colouring.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./map.js").Spot} Spot */

/** @typedef {[number, number, number]} Point  x1, x2 and class */

const LEAST_POINTS = 2;
const MOST_CLASSES = 10;
const REACH = 0.5; // how near to a point, in units of the plane, it is taken away

export class OwnData {
  /**
   * @param {Shell} shell
   * @param {(points: Point[] | null) => void} sketch  shows points that are too few to learn from
   * @param {() => void} turned  is told that points are drawn now, or no longer
   */
  constructor(shell, sketch, turned) {
    this.shell = shell;
    this.turned = turned;
    this.sketch = sketch;
    /** @type {Point[] | null} */
    this.few = null;
    /** @type {Frame | null} */
    this.frame = null;
    this.pen = make("button", { "aria-pressed": "false", click: () => this.setDrawing(!this.isDrawing) }, shell.say("own.draw"));
    this.eraser = make("input", { type: "checkbox", id: "own-erase" });
    this.file = make("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", id: "own-file", class: "file", change: () => void this.read(this.file.files?.[0]) });
    this.classes = make("div", { class: "row classes", role: "radiogroup", "aria-label": shell.say("own.class") });
    for (let index = 0; index < MOST_CLASSES; index += 1) {
      const id = `own-class-${index}`;
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = `var(${classVariable(index)})`;
      const name = make("span", {}, String(index));
      const choice = make("input", { type: "radio", name: "own-class", id, value: index, checked: index === 0 });
      this.classes.append(make("label", { for: id, class: "named" }, choice, swatch, name));
    }
    this.waiting = make("p", { role: "status" }, shell.say("own.waiting"));
    this.waiting.hidden = true;
    this.drawing = make(
      "div",
      { class: "drawing" },
      this.classes,
      make("div", { class: "row" }, make("label", { for: "own-erase", class: "named" }, this.eraser, shell.say("own.erase")), make("button", { click: () => void this.send([]) }, shell.say("own.clear"))),
      this.waiting,
      make("p", { class: "note" }, shell.say("own.help")),
    );
    this.element = make(
      "div",
      { class: "own" },
      make("div", { class: "row" }, this.pen, make("label", { class: "button", for: "own-file" }, shell.say("own.file")), this.file),
      this.drawing,
    );
    this.pen.setAttribute("aria-pressed", String(this.isDrawing));
    this.drawing.hidden = !this.isDrawing;
  }

  get isDrawing() {
    return this.shell.view.isDrawing ?? false;
  }

  /** @param {boolean} isDrawing */
  setDrawing(isDrawing) {
    this.shell.view.isDrawing = isDrawing;
    this.pen.setAttribute("aria-pressed", String(isDrawing));
    this.drawing.hidden = !isDrawing;
    this.turned();
  }

  /**
   * Take files that are dropped on an element.
   * @param {HTMLElement} element
   */
  accept(element) {
    element.addEventListener("dragover", (event) => {
      event.preventDefault();
      element.classList.add("is-over");
    });
    element.addEventListener("dragleave", () => element.classList.remove("is-over"));
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("is-over");
      void this.read(event.dataTransfer?.files[0]);
    });
  }

  /**
   * Take the table of a file.
   * @param {File | undefined} file
   */
  async read(file) {
    if (file) await this.shell.act("read_table", { text: await file.text() });
    this.file.value = ""; // so that the same file can be chosen again once it is mended
  }

  /**
   * Add a point, or take the nearest away, where points are drawn.
   * @param {Spot} spot
   * @param {boolean} isErasing
   */
  edit({ x, y }, isErasing) {
    if (!this.isDrawing || !this.frame) return;
    const points = this.points();
    if (isErasing || this.eraser.checked) {
      const distances = points.map(([left, up]) => Math.hypot(left - x, up - y));
      const nearest = distances.indexOf(Math.min(...distances));
      if (!points.length || distances[nearest] > REACH) return;
      points.splice(nearest, 1);
    } else points.push([x, y, this.chosen()]);
    void this.send(points);
  }

  /** The class that is drawn. */
  chosen() {
    return Number(/** @type {HTMLInputElement | null} */ (this.classes.querySelector("input:checked"))?.value ?? 0);
  }

  /**
   * Return the points of the plane with their classes; those of other data are where one begins.
   * @returns {Point[]}
   */
  points() {
    const { frame, few } = this;
    if (few) return [...few];
    if (!frame || frame.task === "regression") return [];
    const { points, targets } = frame.data;
    return Array.from(targets.values, (target, index) => [points.values[2 * index], points.values[2 * index + 1], target]);
  }

  /**
   * Let the points be these; too few are kept here until there are more.
   * @param {Point[]} points
   */
  async send(points) {
    this.few = points.length < LEAST_POINTS ? points : null;
    this.waiting.hidden = this.few === null;
    this.sketch(this.few);
    if (!this.few) await this.shell.act("set_points", { points });
  }

  /** @param {Frame} frame */
  draw(frame) {
    if (this.few && this.frame && frame.data.version !== this.frame.data.version) {
      this.few = null; // other data was chosen
      this.waiting.hidden = true;
      this.sketch(null);
    }
    this.frame = frame;
    const most = frame.class_names.length + 1; // a class more than there are can be begun
    [...this.classes.children].forEach((label, index) => {
      /** @type {HTMLElement} */ (label).hidden = index >= most;
      const name = label.lastElementChild;
      const told = frame.class_names[index] ?? String(index);
      if (name && name.textContent !== told) name.textContent = told;
    });
  }
}
