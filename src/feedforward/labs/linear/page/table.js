// What each point is and costs: a line for each, in which its class can be changed, and which can be removed.

import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * What is done with the point of an index.
 * @typedef {object} Deeds
 * @property {(index: number | null) => void} pick
 * @property {(index: number) => void} remove
 * @property {(index: number, label: number) => void} relabel
 */

/** The classes' numbers. */
export const CLASSES = [0, 1, 2];

export class Table {
  /**
   * @param {Shell} shell
   * @param {Deeds} deeds
   */
  constructor(shell, deeds) {
    this.shell = shell;
    this.deeds = deeds;
    this.head = make("tr");
    this.body = make("tbody");
    /** @type {{line: HTMLTableRowElement, choice: HTMLSelectElement, cells: HTMLTableCellElement[]}[]} */
    this.lines = [];
    this.element = make("div", { class: "scroll points-scroll" }, make("table", { class: "points" }, make("thead", {}, this.head), this.body));
  }

  /** @param {number} index */
  line(index) {
    const { shell, deeds } = this;
    const number = index + 1;
    const choice = make("select", { "aria-label": shell.say("point.class", { number }), change: () => deeds.relabel(index, choice.selectedIndex) });
    choice.append(...CLASSES.map((label) => make("option", { value: label }, String(label))));
    const remove = make("button", { class: "remove", "aria-label": shell.say("point.remove", { number }), title: shell.say("point.remove", { number }), click: () => deeds.remove(index) }, "×");
    const cells = ["x", "x", "s", "s", "s", "loss"].map((name) => make("td", { class: name }));
    const line = make(
      "tr",
      { pointerenter: () => deeds.pick(index), pointerleave: () => deeds.pick(null) },
      make("th", { scope: "row" }, String(number)),
      cells[0],
      cells[1],
      make("td", {}, choice),
      ...cells.slice(2),
      make("td", {}, remove),
    );
    return { line, choice, cells };
  }

  /**
   * @param {any} frame
   * @param {number | null} picked
   */
  draw(frame, picked) {
    const { shell } = this;
    const count = frame.classes.values.length;
    const rows = frame.rows.length;
    this.drawHead(frame);
    while (this.lines.length > count) this.lines.pop()?.line.remove();
    while (this.lines.length < count) {
      const made = this.line(this.lines.length);
      this.lines.push(made);
      this.body.append(made.line);
    }
    const largest = frame.losses.values.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b), 0);
    this.lines.forEach(({ line, choice, cells }, index) => {
      const label = frame.classes.values[index];
      line.classList.toggle("picked", index === picked);
      line.style.setProperty("--colour", `var(--class-${label})`);
      if (document.activeElement !== choice) choice.selectedIndex = label;
      cells[0].textContent = shell.decimals(frame.points.values[2 * index], 2);
      cells[1].textContent = shell.decimals(frame.points.values[2 * index + 1], 2);
      for (let place = 0; place < 3; place += 1) {
        const cell = cells[2 + place];
        cell.hidden = place >= rows;
        if (place >= rows) continue;
        cell.textContent = shell.decimals(frame.scores.values[rows * index + place], 2);
        cell.classList.toggle("own", rows === 1 || place === label);
      }
      const loss = frame.losses.values[index];
      cells[5].textContent = shell.decimals(loss, 3);
      cells[5].style.setProperty("--share", largest > 0 ? `${(100 * loss) / largest}%` : "0%");
    });
  }

  /** @param {any} frame */
  drawHead(frame) {
    const { shell } = this;
    const names = ["", "x₀", "x₁", shell.say("label"), ...(frame.is_binary ? ["s"] : ["s₀", "s₁", "s₂"]), shell.say("cost"), ""];
    if (this.head.childElementCount === names.length) return;
    this.head.replaceChildren(...names.map((name) => (name ? make("th", { scope: "col", class: name.startsWith("x") ? "x" : "" }, name) : make("td"))));
  }
}
