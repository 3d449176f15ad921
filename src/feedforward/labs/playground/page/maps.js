// What the units compute over the plane, drawn onto the canvas of the links: one canvas is faster than one for each.

import { colourLine } from "../../page/drawing/colours.js";
import { scaleOf } from "./frame.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./links.js").Place} Place */

const INSET = 2; // below the border of the unit's button

export class UnitMaps {
  constructor() {
    /** All maps one below the other, a pixel for each number. */
    this.strip = document.createElement("canvas");
  }

  /**
   * @param {HTMLCanvasElement} canvas  scaled already, as the links leave it
   * @param {Frame} frame
   * @param {Place[][]} places
   */
  draw(canvas, frame, places) {
    const context = canvas.getContext("2d");
    const ink = this.strip.getContext("2d");
    if (!context || !ink) return;
    const [count, height, width] = frame.maps.shape;
    if (this.strip.width !== width || this.strip.height !== count * height) {
      this.strip.width = width;
      this.strip.height = count * height;
    }
    ink.putImageData(colouredMaps(frame), 0, 0);
    places.flat().forEach(({ x, y, size }, index) => {
      const side = size - 2 * INSET;
      context.drawImage(this.strip, 0, index * height, width, height, x + INSET, y - side / 2, side, side);
    });
  }
}

/**
 * Return all maps one below the other; the output of two classes may show its sign alone.
 * @param {Frame} frame
 */
function colouredMaps({ maps, sizes, settings, task }) {
  const [count, height, width] = maps.shape;
  const cells = height * width;
  const image = new ImageData(width, count * height);
  const pixels = new Uint32Array(image.data.buffer);
  const line = new Uint32Array(colourLine().buffer);
  const firstOutput = count - sizes[sizes.length - 1];
  for (let unit = 0; unit < count; unit += 1) {
    const values = maps.values.subarray(unit * cells, (unit + 1) * cells);
    const isDiscrete = settings.discretised && task === "binary" && unit >= firstOutput;
    const scale = scaleOf(values);
    for (let index = 0; index < cells; index += 1) {
      const part = isDiscrete ? Math.sign(values[index]) : Math.max(-1, Math.min(1, values[index] / scale));
      pixels[unit * cells + index] = line[Math.round((part + 1) * 127.5)];
    }
  }
  return image;
}
