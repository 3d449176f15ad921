// Numbers as pictures: many small ones side by side, orange where negative and blue where positive.

import { colourLine } from "../../page/drawing/colours.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

const LARGEST = 16; // of a number on the screen, in pixels

/**
 * Draw tiles of numbers from -1 to 1 onto a canvas, a pixel each; the style makes it larger.
 * @param {HTMLCanvasElement} canvas
 * @param {{count: number, height: number, width: number, columns: number}} size
 * @param {(tile: number, row: number, column: number) => number} valueOf
 */
export function drawPictures(canvas, { count, height, width, columns }, valueOf) {
  const gap = count > 1 ? 1 : 0;
  const rows = Math.ceil(count / columns);
  canvas.width = columns * (width + gap) - gap;
  canvas.height = rows * (height + gap) - gap;
  canvas.style.maxWidth = `min(100%, ${canvas.width * LARGEST}px)`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const line = colourLine();
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let tile = 0; tile < count; tile += 1) {
    const left = (tile % columns) * (width + gap);
    const top = Math.floor(tile / columns) * (height + gap);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const value = Math.max(-1, Math.min(1, valueOf(tile, row, column)));
        const from = 4 * Math.round((value + 1) * 127.5);
        picture.data.set(line.subarray(from, from + 4), 4 * ((top + row) * canvas.width + left + column));
      }
    }
  }
  context.putImageData(picture, 0, 0);
}

/** A layer's weights. */
export class Weights {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.canvas = make("canvas", { class: "pictures", role: "img" });
    this.words = make("p", { class: "note" });
    this.element = make("div", {}, this.canvas, this.words);
  }

  /** @param {any} weights */
  draw(weights) {
    const { tiles, columns, kind, scale, shape } = weights;
    const [count, height, width] = tiles.shape;
    drawPictures(this.canvas, { count, height, width, columns }, (tile, row, column) => (tiles.values[(tile * height + row) * width + column] - 128) / 127);
    const isOfDigits = kind === "units" && count === 10;
    this.words.textContent = this.shell.say(isOfDigits ? "weights.digits" : `weights.${kind}`, {
      scale: this.shell.number(scale, 3), count, inputs: shape.at(-2), outputs: shape.at(-1),
    });
    this.canvas.setAttribute("aria-label", this.words.textContent ?? "");
  }
}
