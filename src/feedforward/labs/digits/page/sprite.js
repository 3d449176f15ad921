// Many images on one canvas, from which each is drawn where it is wanted: in the colour of ink, clear elsewhere.

import { rgbOf } from "../../page/drawing/colours.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/socket.js").Grid} Grid */

const COLUMNS = 50;

export class Sprite {
  /**
   * @param {Grid} images  shape (n, side, side)
   * @param {number} largest  of a pixel
   * @param {string} version  changes when the images do
   */
  constructor(images, largest, version) {
    const [count, side] = images.shape;
    this.side = side;
    this.version = version;
    this.canvas = make("canvas", { width: side * Math.min(count, COLUMNS), height: side * Math.ceil(count / COLUMNS) });
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const picture = context.createImageData(this.canvas.width, this.canvas.height);
    const [red, green, blue] = rgbOf("--ink");
    for (let place = 0; place < images.values.length; place += 1) {
      const [left, top] = this.placeOf(Math.floor(place / (side * side)));
      const [row, column] = [Math.floor(place / side) % side, place % side];
      const at = 4 * ((top + row) * this.canvas.width + left + column);
      picture.data[at] = red;
      picture.data[at + 1] = green;
      picture.data[at + 2] = blue;
      picture.data[at + 3] = (images.values[place] / largest) * 255;
    }
    context.putImageData(picture, 0, 0);
  }

  /**
   * @param {number} index
   * @returns {[number, number]}
   */
  placeOf(index) {
    return [(index % COLUMNS) * this.side, Math.floor(index / COLUMNS) * this.side];
  }

  /**
   * Draw an image into a square.
   * @param {CanvasRenderingContext2D} context
   * @param {number} index
   * @param {number} left
   * @param {number} top
   * @param {number} size
   */
  draw(context, index, left, top, size) {
    context.drawImage(this.canvas, ...this.placeOf(index), this.side, this.side, left, top, size, size);
  }
}
