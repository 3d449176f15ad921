// The way of one digit through the layers: what each makes of it, and the probabilities in the end.

import { make } from "../../page/elements.js";
import { percent } from "./numbers.js";
import { drawPictures } from "./pictures.js";
import { Sprite } from "./sprite.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */

const A_ROW = 50; // units of a dense layer side by side

export class Way {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    this.image = make("canvas", { class: "seen", role: "img", "aria-label": shell.say("way.image") });
    this.words = make("p", { class: "said", role: "status" });
    this.layers = make("div", { class: "way-layers" });
    /** @type {{bar: HTMLElement, share: HTMLElement, row: HTMLElement}[]} */
    this.rows = [];
    this.bars = make("div", { class: "bars", role: "img" });
    for (let digit = 0; digit < 10; digit += 1) {
      const [bar, share] = [make("span", { class: "fill" }), make("span", { class: "share figure" })];
      const row = make("div", { class: "bar" }, make("span", { class: "digit" }, String(digit)), make("span", { class: "track" }, bar), share);
      this.rows.push({ bar, share, row });
      this.bars.append(row);
    }
  }

  /** @param {any} frame */
  draw(frame) {
    const { watched, data } = frame;
    const { image } = watched;
    const sprite = new Sprite({ values: image.values, shape: [1, ...image.shape] }, data.largest, "");
    this.image.width = this.image.height = sprite.side;
    const context = this.image.getContext("2d");
    if (context) sprite.draw(context, 0, 0, 0, sprite.side);
    const hidden = watched.layers.slice(0, -1);
    if (this.layers.childElementCount !== hidden.length) {
      this.layers.replaceChildren(...hidden.map(() => make("figure", {}, make("figcaption", { class: "note" }), make("canvas", { class: "pictures", role: "img" }))));
    }
    hidden.forEach((/** @type {any} */ layer, /** @type {number} */ place) => this.drawLayer(layer, place));
    this.drawProbabilities(watched, watched.layers.at(-1).values.values);
  }

  /**
   * @param {{kind: string, values: Grid}} layer  values of shape (units,) or (height, width, channels)
   * @param {number} place
   */
  drawLayer({ kind, values }, place) {
    const figure = this.layers.children[place];
    const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector("canvas"));
    const caption = /** @type {HTMLElement} */ (figure.querySelector("figcaption"));
    let largest = 0;
    for (const value of values.values) largest = Math.max(largest, Math.abs(value));
    const scale = largest || 1;
    const [height, width, channels] = values.shape;
    if (values.shape.length === 3) {
      const size = { count: channels, height, width, columns: kind === "evidence" ? 5 : channels };
      drawPictures(canvas, size, (tile, row, column) => values.values[(row * width + column) * channels + tile] / scale);
    } else {
      const units = values.shape[0];
      const columns = Math.min(A_ROW, units);
      const size = { count: 1, height: Math.ceil(units / columns), width: columns, columns: 1 };
      drawPictures(canvas, size, (_tile, row, column) => (values.values[row * columns + column] ?? 0) / scale);
    }
    caption.textContent = this.shell.say(`way.${kind}`, {
      layer: place + 1, count: values.shape.at(-1) ?? 0, height, width, largest: this.shell.number(largest, 3),
    });
    canvas.setAttribute("aria-label", caption.textContent ?? "");
  }

  /**
   * @param {any} watched
   * @param {import("../../page/socket.js").Numbers} probabilities
   */
  drawProbabilities(watched, probabilities) {
    const { shell } = this;
    let best = 0;
    probabilities.forEach((/** @type {number} */ value, /** @type {number} */ digit) => {
      if (value > probabilities[best]) best = digit;
    });
    this.rows.forEach(({ bar, share, row }, digit) => {
      bar.style.width = `${probabilities[digit] * 100}%`;
      share.textContent = `${percent(shell, probabilities[digit])} %`;
      row.classList.toggle("best", digit === best);
      row.classList.toggle("true", digit === watched.label);
    });
    const values = {
      index: watched.index, label: watched.label ?? "", predicted: best, probability: percent(shell, probabilities[best]),
    };
    this.words.textContent = shell.say(`way.${watched.source}`, values);
    this.words.classList.toggle("wrong", watched.label !== null && watched.label !== best);
    this.bars.setAttribute("aria-label", this.words.textContent ?? "");
  }
}
