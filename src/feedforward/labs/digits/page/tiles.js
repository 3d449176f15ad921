// Digits as tiles, those that the network gets wrong on red: reached by mouse, touch and arrow keys, each told in words.
// All are drawn on one canvas, since a browser is slow with a thousand; above it lie clear elements, one for each tile.

import { make } from "../../page/elements.js";
import { percent } from "./numbers.js";
import { Sprite } from "./sprite.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */

/**
 * What is shown: images, shape (n, side, side), and for each its digit, and what the network says with which probability.
 * @typedef {object} Shown
 * @property {Grid} images
 * @property {number} largest  of a pixel
 * @property {Grid} labels
 * @property {Grid} predicted
 * @property {Grid} probability
 * @property {string} version  changes when the images do
 */

const [LEAST, MOST] = [24, 80]; // the side of a tile on the canvas, in pixels

export class Tiles {
  /**
   * @param {Shell} shell
   * @param {string} label
   * @param {{columns: number, areMistakesFirst: boolean, choose: (index: number) => void}} options
   */
  constructor(shell, label, options) {
    this.shell = shell;
    this.options = options;
    this.count = make("p", { class: "note figure" });
    this.readout = make("p", { class: "note", role: "status" }, shell.say("tiles.help"));
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.list = make("div", { class: "tile-list", role: "listbox", "aria-label": label });
    this.list.style.gridTemplateColumns = `repeat(${options.columns}, 1fr)`;
    this.element = make("div", {}, this.count, make("div", { class: "tiles" }, make("div", { class: "sheet" }, this.canvas, this.list)), this.readout);
    /** @type {Tile[]} */
    this.tiles = [];
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Sprite | null} */
    this.sprite = null;
    this.size = 0;
    const style = getComputedStyle(document.body);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    this.colours = { ink: colour("--ink"), paper: colour("--paper"), right: colour("--neutral"), wrong: colour("--mistake") };
    const tileOf = (/** @type {Event} */ event) => this.tiles.find((tile) => tile.element === event.target);
    this.list.addEventListener("click", (event) => {
      const tile = tileOf(event);
      if (!tile) return;
      this.focus(tile);
      options.choose(tile.index);
    });
    this.list.addEventListener("pointerover", (event) => this.tell(tileOf(event)));
    this.list.addEventListener("focusin", (event) => this.tell(tileOf(event)));
    this.list.addEventListener("keydown", (event) => {
      const tile = tileOf(event);
      if (!tile) return;
      const next = this.next(event.key, this.tiles.indexOf(tile));
      if (next !== null) this.focus(this.tiles[Math.max(0, Math.min(this.tiles.length - 1, next))]);
      else if (event.key === "Enter" || event.key === " ") options.choose(tile.index);
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => {
      if (this.shown) this.draw(this.shown);
    }).observe(this.canvas);
  }

  /**
   * Return the place to which a key leads; null if it leads nowhere.
   * @param {string} key
   * @param {number} place
   */
  next(key, place) {
    const { columns } = this.options;
    /** @type {Record<string, number>} */
    const places = {
      ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: place - columns, ArrowDown: place + columns, Home: 0, End: this.tiles.length - 1,
    };
    return places[key] ?? null;
  }

  /** @param {Tile} tile */
  focus(tile) {
    for (const one of this.tiles) one.element.tabIndex = one === tile ? 0 : -1;
    tile.element.focus();
  }

  /** @param {Tile | undefined} tile */
  tell(tile) {
    if (!tile || !this.shown) return;
    const { labels, predicted, probability } = this.shown;
    this.readout.textContent = this.shell.say("tiles.one", {
      index: tile.index,
      label: labels.values[tile.index],
      predicted: predicted.values[tile.index],
      probability: percent(this.shell, probability.values[tile.index]),
    });
  }

  /** @param {Shown} shown */
  draw(shown) {
    this.shown = shown;
    const { labels, predicted, images, version } = shown;
    const { columns, areMistakesFirst } = this.options;
    const count = labels.values.length;
    const all = Array.from({ length: count }, (_, index) => index);
    const isWrong = (/** @type {number} */ index) => labels.values[index] !== predicted.values[index];
    const wrong = all.filter(isWrong);
    const order = areMistakesFirst ? [...wrong, ...all.filter((index) => !isWrong(index))] : all;
    if (this.tiles.length !== count) {
      this.tiles = all.map((place) => new Tile(place === 0));
      this.list.replaceChildren(...this.tiles.map((tile) => tile.element));
      this.size = 0;
    }
    if (this.sprite?.version !== version) this.sprite = new Sprite(images, shown.largest, version);
    this.fit(Math.ceil(count / columns));
    order.forEach((index, place) => this.drawTile(shown, index, place));
    this.count.textContent = this.shell.say("tiles.count", { wrong: wrong.length, count: this.shell.number(count, 7) });
  }

  /**
   * Give the canvas as many pixels as the screen has for it; it is empty then.
   * @param {number} rows
   */
  fit(rows) {
    const { columns } = this.options;
    const wide = (this.canvas.clientWidth * devicePixelRatio) / columns;
    const size = Math.max(LEAST, Math.min(MOST, Math.round(wide)));
    if (size === this.size) return;
    this.size = size;
    this.canvas.width = columns * size;
    this.canvas.height = rows * size;
    for (const tile of this.tiles) tile.drawn = "";
  }

  /**
   * @param {Shown} shown
   * @param {number} index
   * @param {number} place
   */
  drawTile({ labels, predicted, version }, index, place) {
    const tile = this.tiles[place];
    const [label, said] = [labels.values[index], predicted.values[index]];
    const isMistake = label !== said;
    tile.show(this.shell, index, label, said);
    const drawn = `${version} ${index} ${isMistake ? said : ""}`;
    const context = this.canvas.getContext("2d");
    if (drawn === tile.drawn || !context || !this.sprite) return;
    tile.drawn = drawn;
    const { size, colours } = this;
    const [left, top] = [(place % this.options.columns) * size, Math.floor(place / this.options.columns) * size];
    context.clearRect(left, top, size, size);
    context.fillStyle = isMistake ? colours.wrong : colours.right;
    context.fillRect(left + 1, top + 1, size - 2, size - 2);
    this.sprite.draw(context, index, left + 1, top + 1, size - 2);
    if (!isMistake) return;
    const height = Math.round(size * 0.34);
    context.font = `700 ${height}px system-ui, sans-serif`;
    context.textBaseline = "bottom";
    context.fillStyle = colours.ink;
    context.fillText(String(said), left + 3, top + size);
    context.fillRect(left + size - 1 - height * 0.8, top + size - 1 - height, height * 0.8, height);
    context.fillStyle = colours.paper;
    context.fillText(String(label), left + size - 1 - height * 0.68, top + size);
  }
}

/** What a reader points at and reaches by keys. */
class Tile {
  /** @param {boolean} isFirst */
  constructor(isFirst) {
    this.element = make("div", { class: "tile", role: "option", "aria-selected": "false", tabindex: isFirst ? 0 : -1 });
    this.index = -1;
    this.drawn = "";
    this.said = "";
  }

  /**
   * @param {Shell} shell
   * @param {number} index
   * @param {number} label
   * @param {number} predicted
   */
  show(shell, index, label, predicted) {
    this.index = index;
    const said = `${index} ${label} ${predicted}`;
    if (said === this.said) return;
    this.said = said;
    const isMistake = label !== predicted;
    this.element.className = isMistake ? "tile mistake" : "tile";
    this.element.dataset.index = String(index);
    this.element.setAttribute("aria-label", shell.say(isMistake ? "tiles.wrong" : "tiles.right", { label, predicted }));
  }
}
