// Sixty-four networks at once: the loss at eight learning rates and eight penalties, as a map to choose from.

import { colourOf } from "../../page/drawing/colours.js";
import { make } from "../../page/elements.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Search} Search */

export class SearchPanel {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.start = make("button", { click: () => void shell.act("search") }, shell.say("search.start"));
    this.state = make("span", { class: "note", role: "status" });
    this.table = make("table", { class: "search" });
    this.known = "";
    /** @type {HTMLButtonElement[][]} */
    this.cells = [];
    this.element = shell.panel(
      "search", make("p", { class: "note" }, shell.say("search.help")), make("div", { class: "row" }, this.start, this.state), make("div", { class: "scroll" }, this.table),
    );
  }

  /** @param {Search} search */
  build({ rates, penalty: kind, penalties }) {
    const { shell } = this;
    const short = (/** @type {number} */ value) => shell.number(value, 2);
    const head = make("tr", {}, make("th", {}, `${shell.say("control.penalty_rate")} \\ ${shell.say("control.learning_rate")}`), ...rates.map((rate) => make("th", { scope: "col" }, short(rate))));
    this.cells = penalties.map((penalty) => rates.map((rate) => make("button", { click: () => void this.take(rate, kind, penalty) })));
    const rows = penalties.map((penalty, row) => make("tr", {}, make("th", { scope: "row" }, short(penalty)), ...this.cells[row].map((cell) => make("td", {}, cell))));
    this.table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
  }

  /**
   * Take settings over.
   * @param {number} rate
   * @param {string} kind
   * @param {number} penalty
   */
  async take(rate, kind, penalty) {
    await this.shell.set("learning_rate", rate);
    if (penalty > 0) await this.shell.set("penalty", kind);
    await this.shell.set("penalty_rate", penalty);
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { search } = frame;
    const { shell } = this;
    this.start.disabled = search?.is_running ?? false;
    this.table.hidden = search === null;
    if (!search) {
      this.state.textContent = "";
      return;
    }
    const known = JSON.stringify([search.rates, search.penalty, search.penalties]);
    if (known !== this.known) this.build(search);
    this.known = known;
    const losses = rowsOf(search);
    const found = losses.flat().filter((loss) => loss !== null);
    const [best, worst] = [Math.min(...found), Math.max(...found)];
    const place = (/** @type {number} */ loss) => Math.log(Math.max(loss, 1e-300)); // losses differ by powers of ten
    this.state.textContent = shell.say(search.is_running ? "search.running" : "search.done", { epoch: shell.number(search.epoch, 9), loss: shell.number(found.length ? best : null, 3) });
    losses.forEach((row, penalty) => {
      row.forEach((loss, rate) => {
        const cell = this.cells[penalty][rate];
        cell.textContent = shell.number(loss, 2);
        cell.setAttribute("aria-label", shell.say("search.cell", { rate: shell.number(search.rates[rate], 2), penalty: shell.number(search.penalties[penalty], 2), loss: shell.number(loss, 3) }));
        cell.classList.toggle("is-best", loss !== null && loss === best);
        cell.style.background = loss === null ? "" : colourOf(worst > best ? (0.7 * (place(worst) - place(loss))) / (place(worst) - place(best)) : 0);
      });
    });
  }
}

/**
 * @param {Search} search
 * @returns {(number | null)[][]}
 */
function rowsOf({ loss, rates }) {
  if (Array.isArray(loss)) return loss;
  const all = Array.from(loss.values, (value) => (Number.isFinite(value) ? value : null));
  return Array.from({ length: loss.shape[0] }, (_row, index) => all.slice(index * rates.length, (index + 1) * rates.length));
}
