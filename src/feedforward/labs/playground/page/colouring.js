// Which numbers the plane shows, and in which colours: those of the network's output, or of the unit in focus.

import { colourOf, rgbOf } from "../../page/drawing/colours.js";
import { drawHeatmap } from "../../page/drawing/heatmap.js";
import { scaleOf } from "./frame.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("../../page/socket.js").Numbers} Numbers */

/**
 * What the plane shows; of several classes, each cell has the probability of the likeliest.
 * @typedef {object} Shown
 * @property {Numbers} values
 * @property {number} width  cells in a row
 * @property {number} scale  the number that has the full colour
 * @property {boolean} isDiscrete
 * @property {Uint8Array | null} winners  the likeliest class of each cell
 * @property {number} classes
 */

/**
 * Return the style's variable with the colour of a class: the first two have those of negative and positive numbers, so
 * that they stay what they are when a third class comes.
 * @param {number} index
 */
export function classVariable(index) {
  return `--class-${[1, 0][index] ?? index}`;
}

/**
 * Return what the plane shows of a frame.
 * @param {Frame} frame
 * @returns {Shown}
 */
export function shownOf(frame) {
  if (frame.focus) {
    const { values, shape } = frame.focus.map;
    return { values, width: shape[1], scale: scaleOf(values), isDiscrete: false, winners: null, classes: 1 };
  }
  const { values, shape } = frame.output;
  const [classes, height, width] = shape;
  const isDiscrete = frame.settings.discretised;
  if (frame.task !== "classes") return { values, width, scale: targetScale(frame), isDiscrete, winners: null, classes };
  const cells = height * width;
  const winners = new Uint8Array(cells);
  const most = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell += 1) {
    for (let one = 0; one < classes; one += 1) {
      const value = values[one * cells + cell];
      if (value > most[cell]) [most[cell], winners[cell]] = [value, one];
    }
  }
  return { values: most, width, scale: 1, isDiscrete, winners, classes };
}

/**
 * Return the number that has the full colour among targets: 1, but for numbers that are larger.
 * @param {Frame} frame
 */
export function targetScale(frame) {
  return frame.task === "regression" ? scaleOf(frame.data.targets.values) : 1;
}

/**
 * Return how strong the colour of a class is: not at all where all classes are as likely.
 * @param {Shown} shown
 * @param {number} index
 */
function strength({ values, classes, isDiscrete }, index) {
  return isDiscrete ? 1 : Math.max(0, (values[index] - 1 / classes) / (1 - 1 / classes));
}

/**
 * Draw what is shown, a pixel for each cell.
 * @param {HTMLCanvasElement} canvas
 * @param {Shown} shown
 */
export function paint(canvas, shown) {
  const { values, width, scale, isDiscrete, winners, classes } = shown;
  if (!winners) {
    drawHeatmap(canvas, values, width, scale, isDiscrete);
    return;
  }
  canvas.width = width;
  canvas.height = values.length / width;
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(canvas.width, canvas.height);
  const paper = rgbOf("--neutral");
  const colours = Array.from({ length: classes }, (_one, index) => rgbOf(classVariable(index)));
  for (let index = 0; index < values.length; index += 1) {
    const colour = colours[winners[index]];
    const share = strength(shown, index);
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * index + channel] = paper[channel] + share * (colour[channel] - paper[channel]);
    }
    image.data[4 * index + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * Return the colour of each cell as CSS has it.
 * @param {Shown} shown
 * @returns {(index: number) => string}
 */
export function cellColours(shown) {
  const { values, scale, isDiscrete, winners, classes } = shown;
  if (!winners) return (index) => colourOf(isDiscrete ? Math.sign(values[index]) : values[index] / scale);
  const paper = rgbOf("--neutral");
  const colours = Array.from({ length: classes }, (_one, index) => rgbOf(classVariable(index)));
  return (index) => {
    const share = strength(shown, index);
    const mixed = colours[winners[index]].map((part, channel) => Math.round(paper[channel] + share * (part - paper[channel])));
    return `rgb(${mixed.join(" ")})`;
  };
}

/**
 * Return the colour of a point as CSS has it.
 * @param {Frame} frame
 * @param {number} target
 */
export function pointColour(frame, target) {
  if (frame.task === "binary" && target < 2) return colourOf(target ? 1 : -1);
  if (frame.task === "regression") return colourOf(target / targetScale(frame));
  return `rgb(${rgbOf(classVariable(target)).join(" ")})`;
}
