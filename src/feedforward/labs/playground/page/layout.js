// Where everything of the network stands, in pixels.

/** @typedef {import("./links.js").Place} Place */

/** Rows of the first column: the seven features, and the formula. */
export const FEATURES = ["x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2", "formula"];

const HEAD = 66; // above the units: what each layer is
const LABELS = 94; // left of the inputs: their names
const LARGEST = 44;
const NARROWEST = 80; // from one layer to the next
const FOLDED = 22; // from one unit to the next where a layer stands in several rows side by side

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Place[][]} places  of the units of each layer
 * @property {Place[]} features  of all features, also of those that are no inputs
 * @property {number[]} columns  the middle of each layer's column
 * @property {number} spacing  between the columns
 */

/**
 * Return the places of a network's parts; a layer too wide to stand in one row is folded into several.
 * @param {number[]} sizes
 * @param {string[]} inputs  names of features
 * @param {number} width  that there is; a deep network takes more
 * @param {number} height  that there is
 * @returns {Layout}
 */
export function layoutOf(sizes, inputs, width, height) {
  const space = height - HEAD;
  const right = 62; // the output's bias and name
  const folds = sizes.map((count, layer) => (layer === 0 ? 1 : Math.ceil((count * FOLDED) / space)));
  const spacing = Math.max(NARROWEST, Math.max(...folds) * FOLDED + 30, (width - LABELS - LARGEST / 2 - right) / (sizes.length - 1));
  const columns = sizes.map((_size, layer) => LABELS + LARGEST / 2 + layer * spacing);
  const row = space / FEATURES.length;
  const features = FEATURES.map((_name, index) => {
    const size = Math.min(LARGEST, row - 8);
    return { x: columns[0] - size / 2, y: HEAD + (index + 0.5) * row, size };
  });
  const places = sizes.map((count, layer) => {
    if (layer === 0) return inputs.map((name) => features[FEATURES.indexOf(name)]);
    const inRow = Math.ceil(count / folds[layer]);
    const pitch = Math.min(row, space / inRow);
    const size = Math.min(LARGEST, (folds[layer] > 1 ? FOLDED : pitch) - (pitch > 28 ? 8 : 3));
    const top = HEAD + (space - inRow * pitch) / 2;
    const left = columns[layer] - size / 2 - ((folds[layer] - 1) * FOLDED) / 2;
    return Array.from({ length: count }, (_one, unit) => ({ x: left + Math.floor(unit / inRow) * FOLDED, y: top + ((unit % inRow) + 0.5) * pitch, size }));
  });
  return { width: columns[columns.length - 1] + right, height: HEAD + space, places, features, columns, spacing };
}
