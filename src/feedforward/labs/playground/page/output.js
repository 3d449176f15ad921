// The panel of the output: the plane or the surface, what its colours mean, and the number under the pointer.

import { colourLine } from "../../page/drawing/colours.js";
import { Surface } from "../../page/drawing/surface.js";
import { make } from "../../page/elements.js";
import { cellColours, pointColour, shownOf } from "./colouring.js";
import { EDGE, unitName } from "./frame.js";
import { OutputMap } from "./map.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./map.js").Spot} Spot */
/** @typedef {import("./colouring.js").Shown} Shown */

const SURFACE_PAUSE = 60; // milliseconds between two drawings of the surface: it takes longer than the plane

export class Output {
  /**
   * @param {Shell} shell
   * @param {{edit: (spot: Spot, isErasing: boolean) => void}} does
   * @param {HTMLElement} tools  for data of one's own
   */
  constructor(shell, does, tools) {
    this.shell = shell;
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Spot | null} */
    this.spot = null;
    this.surfaceTime = 0;
    this.map = new OutputMap(shell.say("plane.label"), (value) => shell.number(value, 3), (spot) => this.look(spot), does.edit);
    this.surface = new Surface(shell.say("surface.label"));
    this.readout = make("p", { class: "note readout", role: "status" });
    this.title = make("p", { class: "shown-unit" });
    this.legend = make("div", { class: "legend" });
    this.legendKey = "";
    this.switch = make("button", { click: () => this.turn(!shell.view.isSurface) });
    const flags = ["show_test", "discretised"].flatMap((name) => shell.control(name) ?? []);
    this.element = shell.panel(
      "output", this.map.element, this.surface.element, this.readout, this.legend, make("div", { class: "row flags" }, ...flags), tools,
    );
    this.element.querySelector("h2")?.after(this.title, this.switch);
    this.turn(shell.view.isSurface ?? false);
  }

  /** @param {boolean} isSurface */
  turn(isSurface) {
    this.shell.view.isSurface = isSurface;
    this.map.element.hidden = isSurface;
    this.surface.element.hidden = !isSurface;
    this.switch.textContent = this.shell.say(isSurface ? "surface.flat" : "surface.show");
    this.surfaceTime = 0;
    this.drawAgain();
  }

  /** Draw the last frame again: something beside it has changed. */
  drawAgain() {
    if (this.frame) this.draw(this.frame);
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.frame = frame;
    const { shell } = this;
    const shown = shownOf(frame);
    this.shown = shown;
    this.map.draw(frame, shown, frame.settings.show_test || (shell.view.isDrawing ?? false)); // who draws sees all
    if (shell.view.isSurface && (!frame.is_playing || performance.now() - this.surfaceTime > SURFACE_PAUSE)) {
      this.surfaceTime = performance.now();
      const low = shown.winners ? 0 : -shown.scale;
      this.surface.draw({ values: shown.values, width: shown.width, low, high: shown.scale, colour: cellColours(shown), axes: [frame.axes.x1[0], frame.axes.x2[0]] });
    }
    this.title.textContent = frame.focus ? unitName(shell, frame, frame.focus.layer, frame.focus.unit) : "";
    this.drawLegend(frame, shown);
    this.look(this.spot);
  }

  /**
   * Say what the colours mean: a line with its ends, or a name for each class.
   * @param {Frame} frame
   * @param {Shown} shown
   */
  drawLegend(frame, shown) {
    const { shell } = this;
    const key = JSON.stringify([shown.winners === null, shown.scale, frame.class_names, frame.task]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    if (shown.winners || frame.task === "classes") {
      const names = frame.class_names.map((name, index) => {
        const mark = make("span", { class: "swatch" });
        mark.style.background = pointColour(frame, index);
        return make("span", { class: "named" }, mark, name);
      });
      this.legend.replaceChildren(...names);
      return;
    }
    const bar = make("canvas", { class: "bar", width: 256, height: 1 });
    bar.getContext("2d")?.putImageData(new ImageData(new Uint8ClampedArray(colourLine()), 256, 1), 0, 0);
    const ends = [-shown.scale, 0, shown.scale].map((value) => make("span", {}, shell.number(value, 2)));
    this.legend.replaceChildren(bar, make("div", { class: "ends" }, ...ends));
  }

  /**
   * Say what the output is at a place, or how to learn it.
   * @param {Spot | null} spot
   */
  look(spot) {
    this.spot = spot;
    const { frame, shown, shell } = this;
    if (!frame || !shown) return;
    const found = spot && this.valueAt(spot);
    if (!found) {
      this.readout.textContent = shell.say("plane.hint");
      return;
    }
    const named = (/** @type {[string, number, number]} */ [name, low, high], /** @type {number} */ value) =>
      `${name} = ${shell.number(low + ((value + EDGE) / (2 * EDGE)) * (high - low), 3)}`;
    const what = found.winner === null ? shell.say("value") : `P(${frame.class_names[found.winner]})`;
    this.readout.textContent = `${named(frame.axes.x1, found.x)}, ${named(frame.axes.x2, found.y)}: ${what} ${shell.number(found.value)}`;
  }

  /**
   * Return the number of the cell that a place lies in, and the cell's middle, where it holds.
   * @param {Spot} spot
   */
  valueAt({ x, y }) {
    const { shown } = this;
    if (!shown) return null;
    const { width, values, winners } = shown;
    const height = values.length / width;
    const column = Math.max(0, Math.min(width - 1, Math.floor(((x + EDGE) / (2 * EDGE)) * width)));
    const row = Math.max(0, Math.min(height - 1, Math.floor(((EDGE - y) / (2 * EDGE)) * height)));
    const index = row * width + column;
    return {
      x: ((column + 0.5) / width) * 2 * EDGE - EDGE,
      y: EDGE - ((row + 0.5) / height) * 2 * EDGE,
      value: values[index],
      winner: winners ? winners[index] : null,
    };
  }

  /** What is drawn at nine places, and in the middle. */
  snapshot() {
    const at = (/** @type {number} */ x, /** @type {number} */ y) => {
      const found = this.valueAt({ x, y });
      return found && [found.x, found.y, found.value];
    };
    return { nine: [4, 0, -4].flatMap((y) => [-4, 0, 4].map((x) => at(x, y))), origin: at(0, 0)?.[2] ?? null };
  }
}
