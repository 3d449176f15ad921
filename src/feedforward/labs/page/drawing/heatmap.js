// A grid of numbers as colours. The first row of a grid is its top: y is up.

import { colourLine } from "./colours.js";

/** @typedef {import("../socket.js").Numbers} Numbers */

/**
 * Draw numbers onto a canvas, a pixel each; the style makes it larger.
 * @param {HTMLCanvasElement} canvas
 * @param {Numbers} values  rows from the top
 * @param {number} width  numbers in a row
 * @param {number} scale  the size of a number that has the full colour
 * @param {boolean} [isDiscrete]  only the sign has a colour
 */
export function drawHeatmap(canvas, values, width, scale, isDiscrete = false) {
  const height = values.length / width;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(width, height);
  const line = colourLine();
  const bytes = image.data;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    const part = isDiscrete ? Math.sign(value) : Math.max(-1, Math.min(1, value / scale));
    const colour = 4 * Math.round((part + 1) * 127.5);
    bytes[4 * index] = line[colour];
    bytes[4 * index + 1] = line[colour + 1];
    bytes[4 * index + 2] = line[colour + 2];
    bytes[4 * index + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
