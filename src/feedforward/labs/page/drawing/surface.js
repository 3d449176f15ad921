// Numbers over the plane as a surface in space, turned by the pointer or the arrow keys.

import { make } from "../elements.js";

/** @typedef {import("../socket.js").Numbers} Numbers */

/**
 * What is drawn: numbers in rows from the top, how high they go, and the colour of each.
 * @typedef {object} Heights
 * @property {Numbers} values
 * @property {number} width  numbers in a row
 * @property {number} low
 * @property {number} high
 * @property {(index: number) => string} colour  of the number at an index, as CSS has it
 * @property {[string, string]} axes  names of the axis to the right and of the one upwards
 */

const SIZE = 480;
const STEP = 2; // every second number is a corner: four times fewer faces to draw, and no visible difference

/** A surface on a canvas. */
export class Surface {
  /** @param {string} label  says what it is and how it is turned */
  constructor(label) {
    this.yaw = -0.6;
    this.pitch = 0.55;
    this.element = make("canvas", { class: "surface", width: SIZE, height: SIZE, tabindex: 0, role: "img", "aria-label": label });
    /** @type {Heights | null} */
    this.heights = null;
    this.element.addEventListener("pointerdown", (event) => this.element.setPointerCapture(event.pointerId));
    this.element.addEventListener("pointermove", (event) => {
      if (event.buttons) this.turn(event.movementX / 120, event.movementY / 160);
    });
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.08], ArrowDown: [0, 0.08] }[event.key];
      if (!by) return;
      event.preventDefault();
      this.turn(by[0], by[1]);
    });
  }

  /**
   * @param {number} yaw  radians about the vertical
   * @param {number} pitch  radians towards the reader
   */
  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.max(0.05, Math.min(1.5, this.pitch + pitch));
    if (this.heights) this.draw(this.heights);
  }

  /** @param {Heights} heights */
  draw(heights) {
    this.heights = heights;
    const context = this.element.getContext("2d");
    if (!context) return;
    const { values, width, low, high, colour, axes } = heights;
    const rows = values.length / width;
    const [cosine, sine] = [Math.cos(this.yaw), Math.sin(this.yaw)];
    const [flat, steep] = [Math.sin(this.pitch), Math.cos(this.pitch)];
    const scale = SIZE * 0.34;
    /**
     * Return where a point of the cube from -1 to 1 lies on the canvas, and how far behind it is.
     * @param {number} x
     * @param {number} y
     * @param {number} z
     */
    const place = (x, y, z) => {
      const [right, depth] = [x * cosine - y * sine, x * sine + y * cosine];
      return [SIZE / 2 + scale * right, SIZE / 2 - scale * (z * 0.8 * steep + depth * flat), depth];
    };
    context.clearRect(0, 0, SIZE, SIZE);
    const style = getComputedStyle(this.element);
    this.drawSquare(context, place, style);
    const faces = [];
    for (let row = 0; row + STEP < rows; row += STEP) {
      for (let column = 0; column + STEP < width; column += STEP) {
        const corners = [[row, column], [row, column + STEP], [row + STEP, column + STEP], [row + STEP, column]].map(([r, c]) => {
          const share = (values[r * width + c] - low) / (high - low);
          return place((2 * c) / (width - 1) - 1, 1 - (2 * r) / (rows - 1), 2 * Math.max(0, Math.min(1, share)) - 1);
        });
        faces.push({ corners, depth: corners[0][2] + corners[2][2], index: (row + STEP / 2) * width + column + STEP / 2 });
      }
    }
    faces.sort((one, other) => other.depth - one.depth);
    context.lineWidth = 0.6;
    context.strokeStyle = style.getPropertyValue("--paper");
    for (const { corners, index } of faces) {
      context.beginPath();
      for (const [x, y] of corners) context.lineTo(x, y);
      context.closePath();
      context.fillStyle = colour(index);
      context.fill();
      context.stroke();
    }
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "16px system-ui, sans-serif";
    context.textAlign = "center";
    const [x, y] = [place(0, -1.25, -1), place(-1.25, 0, -1)];
    context.fillText(axes[0], x[0], x[1]);
    context.fillText(axes[1], y[0], y[1]);
  }

  /**
   * Draw the square below the surface.
   * @param {CanvasRenderingContext2D} context
   * @param {(x: number, y: number, z: number) => number[]} place
   * @param {CSSStyleDeclaration} style
   */
  drawSquare(context, place, style) {
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
      const [left, top] = place(x, y, -1);
      context.lineTo(left, top);
    }
    context.closePath();
    context.stroke();
  }
}
