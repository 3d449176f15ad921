// Which digit is taken for which, as a table.

import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

export class Confusion {
  /** @param {Shell} shell */
  constructor(shell) {
    const head = make("tr", {}, make("th", { scope: "col" }, shell.say("confusion.corner")), ...DIGITS.map((digit) => make("th", { scope: "col" }, String(digit))));
    this.cells = DIGITS.map(() => DIGITS.map(() => make("td")));
    const rows = DIGITS.map((digit) => make("tr", {}, make("th", { scope: "row" }, String(digit)), ...this.cells[digit]));
    const table = make("table", { class: "confusion" }, make("thead", {}, head), make("tbody", {}, ...rows));
    this.element = make("div", {}, make("p", { class: "note" }, shell.say("confusion.help")), make("div", { class: "scroll" }, table));
  }

  /** @param {Grid} counts  shape (10, 10), a row for each digit, a column for each that the network says */
  draw(counts) {
    const largest = DIGITS.map((digit) => Math.max(1, ...counts.values.slice(10 * digit, 10 * digit + 10)));
    for (const digit of DIGITS) {
      for (const said of DIGITS) {
        const count = counts.values[10 * digit + said];
        const cell = this.cells[digit][said];
        const text = count ? String(count) : "·";
        if (cell.textContent !== text) cell.textContent = text;
        cell.className = count === 0 ? "none" : digit === said ? "right" : "wrong";
        cell.style.setProperty("--share", `${Math.round((100 * count) / largest[digit])}%`);
      }
    }
  }
}
