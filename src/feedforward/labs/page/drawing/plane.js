// A square of the plane with axes and points that can be moved: by the mouse, by touch and by keys. y is up.

import { make, makeSvg } from "../elements.js";
import { ticks } from "./curves.js";

/**
 * A point as it is drawn. Its shape says its class, as its colour does, to who cannot tell colours apart.
 * @typedef {object} PlanePoint
 * @property {number} x
 * @property {number} y
 * @property {number} group  its class; the colour is that of the style, `--class-<group>`
 * @property {string} label  what it is called aloud
 * @property {string} [classes]  further classes for the style, `ringed`, `hollow` or `picked`
 */

/**
 * @typedef {object} PlaneOptions
 * @property {number} edge  the square goes from -edge to edge
 * @property {string} label  what the plane is called aloud
 * @property {(value: number) => string} write  how a number on an axis is written
 * @property {(index: number, x: number, y: number) => void} move  a point was dragged, or moved by the arrow keys
 * @property {(x: number, y: number) => void} [add]  an empty place was clicked
 * @property {(index: number, key: string) => void} [press]  another key was pressed on a point
 * @property {(index: number | null) => void} [point]  the pointer or the focus is on a point, or on none
 */

const SIZE = 440;
const SHAPES = ["M-7,0 a7,7 0 1,0 14,0 a7,7 0 1,0 -14,0", "M-6.3,-6.3 H6.3 V6.3 H-6.3 Z", "M0,-8.2 L7.6,5.4 H-7.6 Z"];
const ARROWS = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, 1]], ["ArrowDown", [0, -1]]]);

/**
 * Return the outline of a class's mark, around (0, 0).
 * @param {number} group
 */
export const shapeOf = (group) => SHAPES[group % SHAPES.length];

/**
 * Return a class's mark, to stand in a line of text.
 * @param {number} group
 */
export function markOf(group) {
  const shape = makeSvg("path", { d: shapeOf(group) });
  shape.style.fill = `var(--class-${group})`;
  return makeSvg("svg", { viewBox: "-9 -9 18 18", width: 14, height: 14, class: "mark", "aria-hidden": "true" }, shape);
}

export class Plane {
  /** @param {PlaneOptions} options */
  constructor(options) {
    this.options = options;
    /** What a lab draws below the points, in pixels: see `place`. */
    this.below = makeSvg("g");
    this.points = makeSvg("g");
    /** @type {SVGGElement[]} */
    this.nodes = [];
    /** @type {PlanePoint[]} */
    this.shown = [];
    /** @type {number | null} the point that is being dragged: it follows the pointer, not the engine's older frames */
    this.dragged = null;
    this.drawing = makeSvg(
      "svg",
      { viewBox: `0 0 ${SIZE} ${SIZE}`, class: "plane", role: "group", "aria-label": options.label },
      this.below,
      this.axes(),
      this.points,
    );
    this.element = make("div", { class: "plane-frame" }, this.drawing);
    this.drawing.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest(".point")) return;
      const [x, y] = this.read(event);
      options.add?.(x, y);
    });
  }

  /**
   * Return where a place of the plane is in the drawing.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  place(x, y) {
    const { edge } = this.options;
    return [((x + edge) / (2 * edge)) * SIZE, ((edge - y) / (2 * edge)) * SIZE];
  }

  /**
   * Return places as the attribute `points` of a polygon has them.
   * @param {[number, number][]} places
   */
  path(places) {
    return places.map(([x, y]) => this.place(x, y).map((value) => value.toFixed(2)).join(",")).join(" ");
  }

  /**
   * Return where in the plane the pointer is; the nearest place of the square if it is outside.
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  read(event) {
    const { edge } = this.options;
    const box = this.drawing.getBoundingClientRect();
    const x = (2 * (event.clientX - box.left)) / box.width - 1;
    const y = 1 - (2 * (event.clientY - box.top)) / box.height;
    return [this.within(edge * x), this.within(edge * y)];
  }

  /** @param {number} value */
  within(value) {
    const { edge } = this.options;
    return Number(Math.max(-edge, Math.min(edge, value)).toFixed(3));
  }

  axes() {
    const { edge, write } = this.options;
    const parts = [];
    const [middle] = this.place(0, 0);
    parts.push(
      makeSvg("line", { x1: 0, x2: SIZE, y1: middle, y2: middle, class: "axis" }),
      makeSvg("line", { x1: middle, x2: middle, y1: 0, y2: SIZE, class: "axis" }),
    );
    for (const tick of ticks(-edge, edge).filter((value) => Math.abs(value) > 1e-9 && Math.abs(value) < 0.99 * edge)) {
      const [x, y] = this.place(tick, tick);
      parts.push(
        makeSvg("line", { x1: x, x2: x, y1: middle - 3, y2: middle + 3, class: "axis" }),
        makeSvg("line", { x1: middle - 3, x2: middle + 3, y1: y, y2: y, class: "axis" }),
        makeSvg("text", { x, y: middle + 17, "text-anchor": "middle" }, write(tick)),
        makeSvg("text", { x: middle - 7, y: y + 4, "text-anchor": "end" }, write(tick)),
      );
    }
    parts.push(
      makeSvg("text", { x: SIZE - 6, y: middle - 8, "text-anchor": "end" }, "x₀"),
      makeSvg("text", { x: middle + 8, y: 16 }, "x₁"),
    );
    return makeSvg("g", { class: "axes", "aria-hidden": "true" }, ...parts);
  }

  /**
   * Draw the points; elements are kept, so that the focus stays where it is.
   * @param {PlanePoint[]} points
   */
  show(points) {
    while (this.nodes.length > points.length) this.nodes.pop()?.remove();
    while (this.nodes.length < points.length) {
      const node = this.pointNode(this.nodes.length);
      this.nodes.push(node);
      this.points.append(node);
    }
    this.shown = points;
    points.forEach((point, index) => {
      const node = this.nodes[index];
      if (index !== this.dragged) this.put(node, point.x, point.y);
      node.setAttribute("class", `point ${point.classes ?? ""}`);
      node.setAttribute("aria-label", point.label);
      node.style.setProperty("--colour", `var(--class-${point.group})`);
      node.querySelector(".shape")?.setAttribute("d", shapeOf(point.group));
    });
  }

  /**
   * @param {SVGGElement} node
   * @param {number} x
   * @param {number} y
   */
  put(node, x, y) {
    node.setAttribute("transform", `translate(${this.place(x, y).map((value) => value.toFixed(2)).join(" ")})`);
  }

  /** @param {number} index */
  pointNode(index) {
    const { move, press, point } = this.options;
    const node = makeSvg(
      "g",
      { tabindex: 0, role: "button" },
      makeSvg("circle", { r: 18, class: "touch" }),
      makeSvg("circle", { r: 13, class: "ring" }),
      makeSvg("path", { class: "shape" }),
    );
    // A finger on a point must not scroll; the style's touch-action does nothing within a drawing.
    node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      node.focus();
      node.setPointerCapture(event.pointerId);
      this.dragged = index;
    });
    node.addEventListener("pointermove", (event) => {
      if (this.dragged !== index) return;
      const [x, y] = this.read(event);
      this.put(node, x, y);
      move(index, x, y);
    });
    const end = () => {
      this.dragged = null;
    };
    node.addEventListener("pointerup", end);
    node.addEventListener("pointercancel", end);
    node.addEventListener("keydown", (event) => {
      const arrow = ARROWS.get(event.key);
      if (arrow) {
        const step = event.shiftKey ? 0.2 : 0.05;
        move(index, this.within(this.shown[index].x + step * arrow[0]), this.within(this.shown[index].y + step * arrow[1]));
        event.preventDefault();
      } else {
        press?.(index, event.key);
      }
    });
    for (const name of ["pointerenter", "focus"]) node.addEventListener(name, () => point?.(index));
    for (const name of ["pointerleave", "blur"]) node.addEventListener(name, () => point?.(null));
    return node;
  }
}
