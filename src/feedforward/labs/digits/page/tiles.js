// Digits as tiles, those that the network gets wrong on red: reached by mouse, touch and arrow keys, each told in words.

import { rgbOf } from "../../page/drawing/colours.js";
import { make } from "../../page/elements.js";
import { percent } from "./numbers.js";

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

export class Tiles {
  /**
   * @param {Shell} shell
   * @param {string} label
   * @param {boolean} areMistakesFirst
   * @param {(index: number) => void} choose
   */
  constructor(shell, label, areMistakesFirst, choose) {
    this.shell = shell;
    this.areMistakesFirst = areMistakesFirst;
    this.count = make("p", { class: "note figure" });
    this.readout = make("p", { class: "note", role: "status" }, shell.say("tiles.help"));
    this.list = make("div", { class: "tiles", role: "listbox", "aria-label": label });
    this.element = make("div", {}, this.count, this.list, this.readout);
    /** @type {Tile[]} */
    this.tiles = [];
    /** @type {Shown | null} */
    this.shown = null;
    this.ink = rgbOf("--ink");
    const tileOf = (/** @type {Event} */ event) => this.tiles.find((tile) => tile.element.contains(/** @type {Node} */ (event.target)));
    this.list.addEventListener("click", (event) => {
      const tile = tileOf(event);
      if (!tile) return;
      this.focus(tile);
      choose(tile.index);
    });
    this.list.addEventListener("pointerover", (event) => this.tell(tileOf(event)));
    this.list.addEventListener("focusin", (event) => this.tell(tileOf(event)));
    this.list.addEventListener("keydown", (event) => {
      const tile = tileOf(event);
      if (!tile) return;
      const next = this.next(event.key, this.tiles.indexOf(tile));
      if (next !== null) this.focus(this.tiles[Math.max(0, Math.min(this.tiles.length - 1, next))]);
      else if (event.key === "Enter" || event.key === " ") choose(tile.index);
      else return;
      event.preventDefault();
    });
  }

  /**
   * Return the place to which a key leads; null if it leads nowhere.
   * @param {string} key
   * @param {number} place
   */
  next(key, place) {
    const top = this.tiles[0].element.offsetTop;
    const found = this.tiles.findIndex((tile) => tile.element.offsetTop !== top);
    const columns = found < 0 ? this.tiles.length : found;
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
    const { labels, predicted } = shown;
    const count = labels.values.length;
    const all = Array.from({ length: count }, (_, index) => index);
    const isWrong = (/** @type {number} */ index) => labels.values[index] !== predicted.values[index];
    const wrong = all.filter(isWrong);
    const order = this.areMistakesFirst ? [...wrong, ...all.filter((index) => !isWrong(index))] : all;
    if (this.tiles.length !== count) {
      this.tiles = all.map((place) => new Tile(place === 0));
      this.list.replaceChildren(...this.tiles.map((tile) => tile.element));
    }
    order.forEach((index, place) => this.tiles[place].draw(this.shell, shown, index, this.ink));
    this.count.textContent = this.shell.say("tiles.count", { wrong: wrong.length, count: this.shell.number(count, 7) });
  }
}

class Tile {
  /** @param {boolean} isFirst */
  constructor(isFirst) {
    this.canvas = make("canvas");
    this.element = make("div", { class: "tile", role: "option", "aria-selected": "false", tabindex: isFirst ? 0 : -1 }, this.canvas);
    this.index = -1;
    this.image = "";
    this.said = "";
  }

  /**
   * @param {Shell} shell
   * @param {Shown} shown
   * @param {number} index
   * @param {import("../../page/drawing/colours.js").Rgb} ink
   */
  draw(shell, shown, index, ink) {
    this.index = index;
    const image = `${shown.version} ${index}`;
    if (image !== this.image) {
      drawDigit(this.canvas, shown.images, index, shown.largest, ink);
      this.image = image;
    }
    const [label, predicted] = [shown.labels.values[index], shown.predicted.values[index]];
    const said = `${index} ${label} ${predicted}`;
    if (said === this.said) return;
    this.said = said;
    const isMistake = label !== predicted;
    this.element.className = isMistake ? "tile mistake" : "tile";
    Object.assign(this.element.dataset, { index, label, predicted });
    this.element.setAttribute("aria-label", shell.say(isMistake ? "tiles.wrong" : "tiles.right", { label, predicted }));
  }
}

/**
 * Draw one image of many; where there is no ink, what lies below the canvas shines through.
 * @param {HTMLCanvasElement} canvas
 * @param {Grid} images  shape (n, height, width)
 * @param {number} index
 * @param {number} largest
 * @param {import("../../page/drawing/colours.js").Rgb} ink
 */
export function drawDigit(canvas, images, index, largest, ink) {
  const [, height, width] = images.shape;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(width, height);
  const start = index * width * height;
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    picture.data.set(ink, 4 * pixel);
    picture.data[4 * pixel + 3] = (images.values[start + pixel] / largest) * 255;
  }
  context.putImageData(picture, 0, 0);
}
