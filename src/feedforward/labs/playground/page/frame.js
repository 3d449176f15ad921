// What the engine's frame holds, and what its parts are called on the page.

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */

/**
 * What is drawn; layer 0 are the inputs, and the numbers of `weights[k]` lead from layer k to layer k + 1.
 * @typedef {object} Frame
 * @property {number} epoch
 * @property {number} step  batches done
 * @property {number} samples  of the present epoch
 * @property {"binary" | "regression" | "classes"} task
 * @property {number} classes
 * @property {string[]} class_names
 * @property {{version: number, points: Grid, targets: Grid, is_test: Grid}} data
 * @property {{x1: [string, number, number], x2: [string, number, number]}} axes  name, left end, right end
 * @property {number[]} sizes
 * @property {string[]} inputs
 * @property {string[]} activations  of the layers after the inputs
 * @property {Grid} maps  every unit over the plane, rows from the top
 * @property {Grid} output
 * @property {{layer: number, unit: number, map: Grid} | null} focus
 * @property {Grid[]} weights
 * @property {Grid[]} biases
 * @property {Grid[]} frozen
 * @property {Grid[]} frozen_biases
 * @property {Grid[]} gradients
 * @property {{step: Grid, train: Grid, test: Grid}} curves
 * @property {{train: number | null, test: number | null, penalty: number | null}} loss
 * @property {{train: number, test: number} | null} accuracy
 * @property {Grid | null} confusion
 * @property {{step: number} | null} diverged
 * @property {Search | null} search
 * @property {boolean} is_playing
 * @property {Record<string, any>} settings
 */

/**
 * @typedef {object} Search
 * @property {number[]} rates
 * @property {"l1" | "l2"} penalty
 * @property {number[]} penalties
 * @property {(number | null)[][] | Grid} loss  a row for each penalty
 * @property {number} epoch
 * @property {boolean} is_running
 */

/** The end of both axes of the plane. */
export const EDGE = 6;

/**
 * Return what a unit is called.
 * @param {Shell} shell
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 */
export function unitName(shell, frame, layer, unit) {
  if (layer === 0) return inputName(shell, frame.inputs[unit]);
  if (layer < frame.sizes.length - 1) return shell.say("unit.hidden", { layer, unit: unit + 1 });
  return frame.task === "classes" ? shell.say("unit.class", { name: frame.class_names[unit] }) : shell.say("unit.output");
}

/**
 * Return what an input is called.
 * @param {Shell} shell
 * @param {string} name
 */
export function inputName(shell, name) {
  return shell.find(`choice.features.${name}`, shell.find(`choice.${name}`, name));
}

/**
 * Return the number of an array at a row and a column.
 * @param {Grid} grid
 * @param {number} row
 * @param {number} column
 */
export function at(grid, row, column) {
  return grid.values[row * grid.shape[1] + column];
}

/**
 * Return the largest size of some numbers, and at least 1: a unit's colours are full at 1, or at its largest value.
 * @param {import("../../page/socket.js").Numbers} values
 */
export function scaleOf(values) {
  let most = 1;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
