// The picture of the network: features, layers of units that show what they compute over the plane, and the links.

import { colourOf } from "../../page/drawing/colours.js";
import { make } from "../../page/elements.js";
import { Editor, parameterName, read } from "./editor.js";
import { unitName } from "./frame.js";
import { FEATURES, layoutOf } from "./layout.js";
import { LayerHead, featureBox } from "./heads.js";
import { drawLinks, nearestLink } from "./links.js";
import { UnitMaps } from "./maps.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./links.js").Link} Link */
/** @typedef {{layer: number, unit: number}} Unit */
/** @typedef {{button: HTMLButtonElement, bias: HTMLButtonElement | null}} Drawn */

export class Network {
  /**
   * @param {Shell} shell
   * @param {{hover: (unit: Unit | null) => void, pin: (unit: Unit) => void}} does
   */
  constructor(shell, does) {
    this.shell = shell;
    this.does = does;
    this.canvas = make("canvas", { class: "links", "aria-hidden": "true" });
    this.tip = make("div", { class: "tip" });
    this.tip.hidden = true;
    this.maps = new UnitMaps();
    this.editor = new Editor(shell);
    this.units = make("div", { role: "group", "aria-label": shell.say("network.units") });
    this.heads = make("div", {});
    this.board = make("div", { class: "board" }, this.canvas, this.heads, this.units, this.tip, this.editor.element);
    this.element = make("div", { class: "scroll network" }, this.board);
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Link | null} */
    this.marked = null;
    /** @type {Drawn[][]} */
    this.drawn = [];
    /** @type {LayerHead[]} */
    this.layers = [];
    /** @type {HTMLInputElement[]} */
    this.boxes = [];
    this.formula = shell.control("formula");
    this.formula?.querySelector("input")?.setAttribute("placeholder", shell.say("formula.example"));
    this.built = "";
    this.layout = layoutOf([1, 1], ["x1"], 400, 400);
    /** @type {Unit | null} */
    this.pinned = null;
    const fit = () => this.frame && this.draw(this.frame, this.pinned);
    new ResizeObserver(() => requestAnimationFrame(fit)).observe(this.element);
    this.listen();
  }

  /** Heed the pointer on the links, and the arrow keys on the units. */
  listen() {
    const { canvas } = this;
    /** @param {PointerEvent | MouseEvent} event */
    const find = (event) => {
      const box = canvas.getBoundingClientRect();
      const isFinger = event instanceof PointerEvent && event.pointerType === "touch";
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      return { x, y, link: this.frame && nearestLink(this.frame, this.layout.places, x, y, isFinger ? 14 : 6) };
    };
    canvas.addEventListener("pointermove", (event) => {
      const { x, y, link } = find(event);
      this.mark(link, x, y);
    });
    canvas.addEventListener("pointerleave", () => this.mark(null, 0, 0));
    canvas.addEventListener("click", (event) => {
      const { x, y, link } = find(event);
      if (link && this.frame) this.editor.open(this.frame, link, x, y, this.room());
      else this.editor.close();
    });
    this.units.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const { layer, unit } = /** @type {HTMLElement} */ (event.target).dataset;
      if (!by || layer === undefined) return;
      event.preventDefault();
      const column = this.drawn[Math.max(0, Math.min(this.drawn.length - 1, Number(layer) + by[0]))];
      column[Math.max(0, Math.min(column.length - 1, Number(unit) + by[1]))]?.button.focus();
    });
  }

  /** The part of the board that is in sight, up to its right and lower edge. */
  room() {
    const { element, layout } = this;
    return { width: Math.min(layout.width, element.scrollLeft + element.clientWidth), height: layout.height };
  }

  /**
   * Show which link the pointer is on.
   * @param {Link | null} link
   * @param {number} x
   * @param {number} y
   */
  mark(link, x, y) {
    this.marked = link;
    this.canvas.style.cursor = link ? "pointer" : "";
    this.tip.hidden = !link;
    if (!this.frame) return;
    if (link) {
      const { value, gradient } = read(this.frame, link);
      const numbers = `${this.shell.number(value)} · ${this.shell.say("gradient")} ${this.shell.number(gradient, 3)}`;
      this.tip.replaceChildren(make("strong", {}, parameterName(this.shell, this.frame, link)), make("br"), numbers);
      this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.room().width - 210))}px`;
      this.tip.style.top = `${Math.min(y + 14, this.layout.height - 64)}px`;
    }
    this.paint(this.frame);
  }

  /**
   * Draw the links, and the units over them.
   * @param {Frame} frame
   */
  paint(frame) {
    drawLinks(this.canvas, frame, this.layout.places, this.marked);
    this.maps.draw(this.canvas, frame, this.layout.places);
  }

  /**
   * @param {Frame} frame
   * @param {Unit | null} pinned
   */
  draw(frame, pinned) {
    this.frame = frame;
    this.pinned = pinned;
    const height = document.fullscreenElement ? innerHeight - 160 : Math.max(400, Math.min(720, innerHeight - 494)); // the rest of the screen has the bar and the curves
    const key = JSON.stringify([frame.sizes, frame.inputs, frame.class_names, frame.task, this.element.clientWidth, height]);
    if (key !== this.built) {
      this.layout = layoutOf(frame.sizes, frame.inputs, this.element.clientWidth, height);
      this.build(frame);
      this.built = key;
    }
    const { shell } = this;
    this.boxes.forEach((box, index) => {
      box.checked = frame.settings.features.includes(FEATURES[index]);
    });
    this.layers.forEach((layer) => layer.draw(frame));
    this.drawn.forEach((units, layer) => {
      units.forEach(({ button, bias }, unit) => {
        button.setAttribute("aria-pressed", String(pinned?.layer === layer && pinned.unit === unit));
        if (bias) {
          const value = frame.biases[layer - 1].values[unit];
          bias.style.background = colourOf(value);
          bias.classList.toggle("is-frozen", frame.frozen_biases[layer - 1].values[unit] !== 0);
          bias.title = `${parameterName(shell, frame, { layer: layer - 1, source: null, target: unit })}: ${shell.number(value)}`;
        }
      });
    });
    this.paint(frame);
    this.editor.draw(frame);
  }

  /** @param {Frame} frame */
  build(frame) {
    const { shell, layout } = this;
    this.marked = null;
    this.tip.hidden = true;
    const ratio = devicePixelRatio || 1;
    for (const element of [this.board, this.canvas]) {
      element.style.width = `${layout.width}px`;
      element.style.height = `${layout.height}px`;
    }
    this.canvas.width = layout.width * ratio;
    this.canvas.height = layout.height * ratio;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.head;
    this.layers = frame.sizes.slice(1, -1).map((_size, index) => new LayerHead(shell, index, layout.columns[index + 1], layout.spacing < 106));
    const features = FEATURES.map((name, index) => featureBox(shell, name, layout.features[index], this.formula));
    this.boxes = features.flatMap(({ box }) => (box ? [box] : []));
    const titles = [heading(shell.say("features"), layout.columns[0] - 60), heading(shell.say("output"), layout.columns[layout.columns.length - 1])];
    this.heads.replaceChildren(...titles, ...features.map(({ element }) => element), ...this.layers.map((layer) => layer.element));
    if (focused) /** @type {HTMLElement | null} */ (this.heads.querySelector(`[data-head="${focused}"]`))?.focus();
    this.drawn = layout.places.map((places, layer) => places.map((place, unit) => this.unit(frame, layer, unit, place)));
    const first = this.drawn[0][0] ?? this.drawn[this.drawn.length - 1][0];
    first.button.tabIndex = 0; // one stop of the Tab key; the arrow keys go on from there
    const names = layout.places[layout.places.length - 1].map((place, unit) => {
      const label = make("span", { class: "unit-name" }, frame.task === "classes" ? frame.class_names[unit] : "");
      label.style.left = `${place.x + place.size + 6}px`;
      label.style.top = `${place.y}px`;
      return label;
    });
    this.units.replaceChildren(...this.drawn.flat().flatMap(({ button, bias }) => (bias ? [button, bias] : [button])), ...names);
  }

  /**
   * @param {Frame} frame
   * @param {number} layer
   * @param {number} unit
   * @param {import("./links.js").Place} place
   * @returns {Drawn}
   */
  unit(frame, layer, unit, place) {
    const { shell } = this;
    const name = unitName(shell, frame, layer, unit);
    const hover = () => this.does.hover({ layer, unit });
    const button = make(
      "button",
      {
        class: "unit", tabindex: -1, "aria-label": name, title: name, "data-layer": layer, "data-unit": unit,
        pointerenter: hover,
        pointerleave: () => this.does.hover(null),
        focus: () => {
          for (const one of this.drawn.flat()) one.button.tabIndex = -1;
          button.tabIndex = 0;
          if (button.matches(":focus-visible")) hover();
        },
        blur: () => this.does.hover(null),
        click: () => this.does.pin({ layer, unit }),
      },
    );
    setPlace(button, place.x, place.y - place.size / 2, place.size);
    if (layer === 0) return { button, bias: null };
    const size = Math.max(6, Math.min(13, place.size / 3));
    const parameter = { layer: layer - 1, source: null, target: unit };
    const bias = make("button", {
      class: "bias", tabindex: -1, "aria-label": shell.say("bias.of", { to: name }),
      click: () => this.frame && this.editor.open(this.frame, parameter, place.x, place.y + place.size / 2, this.room()),
    });
    setPlace(bias, place.x - size / 2, place.y + place.size / 2 - size / 2, size);
    return { button, bias };
  }
}

/**
 * @param {HTMLElement} element
 * @param {number} left
 * @param {number} top
 * @param {number} size
 */
function setPlace(element, left, top, size) {
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
  element.style.width = element.style.height = `${size}px`;
}

/**
 * @param {string} text
 * @param {number} middle
 */
function heading(text, middle) {
  const element = make("h3", { class: "column-head" }, text);
  element.style.left = `${middle}px`;
  return element;
}

