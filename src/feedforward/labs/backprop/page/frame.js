// What a frame of the network mode holds, and which of its numbers the present step has come to.

/**
 * @typedef {object} Layer
 * @property {number[][]} kernel  a row for each input, a column for each unit
 * @property {number[]} bias
 * @property {number[][]} before  what comes in, a row for each example
 * @property {number[][]} z
 * @property {number[][]} a
 * @property {number[][] | null} slope
 * @property {number[][] | null} a_gradient
 * @property {number[][]} delta
 * @property {number[][]} kernel_gradient
 * @property {number[]} bias_gradient
 */

/**
 * @typedef {object} Parameter
 * @property {string} name
 * @property {number} layer
 * @property {number | null} source
 * @property {number} unit
 */

/**
 * @typedef {object} Path
 * @property {[number, number][]} units
 * @property {{of: string, by: string, value: number}[]} factors
 * @property {number} product
 */

/**
 * @typedef {object} Frame
 * @property {{widths: number[], activations: string[], loss: string, is_joined: boolean, parameters: Parameter[], names: string[][]}} network
 * @property {number[][]} x
 * @property {number[][]} targets
 * @property {Layer[]} layers
 * @property {number[]} losses
 * @property {number} loss
 * @property {number} loss_now
 * @property {number[]} vector
 * @property {number[]} gradient  of the batch's loss
 * @property {number[]} own_gradient  of the shown example's loss
 * @property {number[]} numeric
 * @property {{vector: number[], change: number[], loss: number, losses: number[], layers: {z: number[][], a: number[][]}[]}} after
 * @property {{first: [number, number], second: [number, number], losses: import("../../page/socket.js").Grid, path: [number, number][], next: [number, number], axes: [number, number]}} surface
 * @property {[string, number, number][]} steps
 * @property {number} position
 * @property {number} updates
 * @property {number} first_update  how many were done before the first of the curve
 * @property {number[]} curve  the loss before each update that is kept
 * @property {boolean} can_go_back
 * @property {string[][]} conditions
 * @property {{parameter: number, paths: Path[], sum: number, gradient: number, of_examples: number[]}} trace
 * @property {boolean} is_playing
 * @property {Record<string, any>} settings
 */

/**
 * What is known at the present step.
 * @typedef {object} Known
 * @property {(layer: number, unit: number) => boolean} forward  whether a unit's output is
 * @property {(layer: number, unit: number) => boolean} backward  whether the gradients at a unit are
 * @property {boolean} loss
 * @property {boolean} update
 * @property {string} phase  of the step done last; "" before the first
 * @property {[number, number][]} now  layer and unit of what was computed last
 */

/**
 * Return what is known at the present step.
 * @param {Frame} frame
 * @returns {Known}
 */
export function knownOf(frame) {
  const done = frame.steps.slice(0, frame.position);
  const names = new Set(done.map((step) => step.join()));
  const last = done[done.length - 1];
  const isByLayer = frame.settings.pace === "layer";
  const now = done.filter((step) => step[1] >= 0 && step[0] === last[0] && step[1] === last[1] && (isByLayer || step[2] === last[2]));
  return {
    forward: (layer, unit) => layer < 0 || names.has(`forward,${layer},${unit}`),
    backward: (layer, unit) => names.has(`backward,${layer},${unit}`),
    loss: names.has("loss,-1,-1"),
    update: names.has("update,-1,-1"),
    phase: last ? last[0] : "",
    now: now.map((step) => [step[1], step[2]]),
  };
}

/**
 * Return the place of a parameter in the vector.
 * @param {Frame} frame
 * @param {number} layer
 * @param {number | null} source
 * @param {number} unit
 */
export function indexOf(frame, layer, source, unit) {
  return frame.network.parameters.findIndex((one) => one.layer === layer && one.source === source && one.unit === unit);
}

/**
 * Return the name of a unit; those of layer -1 are the inputs.
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} unit
 */
export function nameOf(frame, layer, unit) {
  return frame.network.names[layer + 1][unit];
}

/**
 * Return the weights and biases as they are at the present step.
 * @param {Frame} frame
 */
export function presentOf(frame) {
  return frame.position === frame.steps.length ? frame.after.vector : frame.vector;
}
