// A table of counts, true classes down and predicted ones across: what is on the diagonal is right.

import { make } from "../elements.js";

/** @typedef {import("../socket.js").Numbers} Numbers */

/** A confusion matrix; its cells are changed in place while its classes stay the same. */
export class Matrix {
  /**
   * @param {{rows: string, columns: string, write: (count: number) => string}} options
   *   the words for true and predicted classes; how a count is written
   */
  constructor(options) {
    this.options = options;
    this.table = make("table", { class: "matrix" });
    this.element = make("div", { class: "scroll" }, this.table);
    /** @type {HTMLTableCellElement[]} */
    this.cells = [];
    this.known = "";
  }

  /**
   * @param {Numbers} counts  row after row, a row for each true class
   * @param {string[]} names  of the classes
   */
  draw(counts, names) {
    const known = JSON.stringify(names);
    if (known !== this.known) this.build(names);
    this.known = known;
    const size = names.length;
    for (let row = 0; row < size; row += 1) {
      let total = 0;
      for (let column = 0; column < size; column += 1) total += counts[row * size + column];
      for (let column = 0; column < size; column += 1) {
        const count = counts[row * size + column];
        const cell = this.cells[row * size + column];
        const strength = total ? Math.round((55 * count) / total) : 0; // so much at most that the count stays legible
        cell.textContent = this.options.write(count);
        cell.style.background = `color-mix(in srgb, var(--${row === column ? "right" : "wrong"}) ${strength}%, var(--paper))`;
      }
    }
  }

  /** @param {string[]} names */
  build(names) {
    const { rows, columns } = this.options;
    this.cells = [];
    const head = make("tr", {}, make("th", { scope: "row" }, `${rows} \\ ${columns}`), ...names.map((name) => make("th", { scope: "col", title: name }, name)));
    const body = names.map((name) => {
      const cells = names.map(() => make("td"));
      this.cells.push(...cells);
      return make("tr", {}, make("th", { scope: "row", title: name }, name), ...cells);
    });
    this.table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
  }
}
