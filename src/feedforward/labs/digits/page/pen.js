// A square to draw a digit in, by mouse, finger or keys; the strokes go to the engine while they are drawn.

import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {[number, number][]} Stroke  points from 0 to 1, y down */

const SIZE = 280;
const NEAREST = 0.012; // a point that is nearer to the last one adds nothing
const KEY_STEP = 1 / 24;
const [MOST_POINTS, MOST_STROKES] = [400, 10]; // what the engine takes

export class Pen {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {Stroke[]} */
    this.strokes = shell.view.strokes ??= [];
    this.isDown = false;
    this.isOnKeys = false;
    /** @type {[number, number]} */
    this.cursor = [0.5, 0.25];
    this.isSending = false;
    this.isLate = false;
    this.canvas = make("canvas", {
      class: "pen", width: SIZE, height: SIZE, tabindex: 0, role: "application",
      "aria-label": shell.say("pen"), "aria-describedby": "pen-help",
    });
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.isOnKeys = false;
      this.isDown = true;
      this.begin(this.placeOf(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.isDown || this.isOnKeys) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) this.extend(this.placeOf(one));
    });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => (this.isDown = false));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => {
      this.isOnKeys = this.isDown = false;
      this.paint();
    });
    this.paint();
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (/** @type {number} */ value) => Number(Math.max(0, Math.min(1, value)).toFixed(3));
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (move) {
      const [x, y] = this.cursor.map((value, axis) => Math.max(0, Math.min(1, value + KEY_STEP * move[axis])));
      this.cursor = [Number(x.toFixed(3)), Number(y.toFixed(3))];
      if (this.isDown) this.extend(this.cursor);
    } else if (event.key === " " || event.key === "Enter") {
      this.isDown = !this.isDown;
      if (this.isDown) this.begin(this.cursor);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
      this.send();
    } else return;
    event.preventDefault();
    this.isOnKeys = true;
    this.paint();
  }

  /** @param {[number, number]} place */
  begin(place) {
    if (this.strokes.length >= MOST_STROKES) {
      this.isDown = false;
      this.shell.tell(this.shell.say("pen.full", { most: MOST_STROKES }));
      return;
    }
    this.strokes.push([place]);
    this.changed();
  }

  /** @param {[number, number]} place */
  extend(place) {
    const stroke = this.strokes[this.strokes.length - 1];
    const [x, y] = stroke[stroke.length - 1];
    if (Math.hypot(place[0] - x, place[1] - y) < NEAREST) return;
    if (stroke.length >= MOST_POINTS) {
      this.begin([x, y]);
      if (!this.isDown) return;
    }
    this.strokes[this.strokes.length - 1].push(place);
    this.changed();
  }

  changed() {
    this.paint();
    this.send();
  }

  /** Forget the strokes, here; the engine is told by `send`. */
  clear() {
    this.strokes.length = 0;
    this.isDown = false;
    this.paint();
  }

  /** Tell the engine; while it has not answered, only the last state waits. */
  async send() {
    this.isLate = true;
    if (this.isSending) return;
    this.isSending = true;
    while (this.isLate) {
      this.isLate = false;
      await this.shell.act("draw", { strokes: this.strokes });
    }
    this.isSending = false;
  }

  paint() {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const style = getComputedStyle(document.documentElement);
    context.clearRect(0, 0, SIZE, SIZE);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = SIZE * 0.07;
    context.strokeStyle = style.getPropertyValue("--ink");
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * SIZE, stroke[0][1] * SIZE);
      for (const [x, y] of stroke) context.lineTo(x * SIZE, y * SIZE);
      context.stroke();
    }
    if (!this.isOnKeys) return;
    context.lineWidth = 2;
    context.strokeStyle = style.getPropertyValue(this.isDown ? "--wrong" : "--accent");
    context.beginPath();
    context.arc(this.cursor[0] * SIZE, this.cursor[1] * SIZE, SIZE * 0.045, 0, 7);
    context.stroke();
  }
}
