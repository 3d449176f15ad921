// The page of the digits: the panels of a course on MNIST, alive while the engine trains.

import { Chart } from "../../page/drawing/curves.js";
import { make } from "../../page/elements.js";
import { Bands } from "./bands.js";
import { Confusion } from "./confusion.js";
import { Pen } from "./pen.js";
import { Weights } from "./pictures.js";
import { Tiles } from "./tiles.js";
import { Way } from "./way.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mount(root, shell) {
  const page = new Page(shell);
  root.append(...page.panels());
  return { draw: (frame) => page.draw(frame), snapshot: () => page.snapshot() };
}

class Page {
  /** @param {Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {any} */
    this.frame = null;
    this.isAsking = false;
    this.play = make("button", { class: "primary play", click: () => void shell.act(this.frame?.is_training ? "pause" : "play") }, shell.say("play"));
    this.figures = new Map(["step", "epoch", "learning_rate", "accuracy", "all"].map((name) => [name, make("dd", { class: "figure" })]));
    this.note = make("p", { class: "note" });
    this.progress = make("p", { class: "note progress", role: "status" });
    const percent = (/** @type {number} */ value) => shell.number(value, 4);
    this.accuracy = new Chart({ x: shell.say("step"), write: percent, high: 100 });
    this.loss = new Chart({ x: shell.say("step"), write: (value) => shell.number(value, 4), low: 0 });
    this.pen = new Pen(shell);
    this.way = new Way(shell);
    /** @param {"test" | "train"} source @param {number} index */
    const watch = (source, index) => {
      this.pen.clear();
      void shell.act("watch", { source, index });
    };
    this.batch = new Tiles(shell, shell.say("panel.batch"), {
      columns: 10, areMistakesFirst: false, choose: (index) => watch("train", shell.view.digits.batch.rows.values[index]),
    });
    this.test = new Tiles(shell, shell.say("panel.test"), { columns: 12, areMistakesFirst: true, choose: (index) => watch("test", index) });
    this.confusion = new Confusion(shell);
    this.weights = new Weights(shell);
    this.bands = { weights: new Bands(shell, "bands.weights"), biases: new Bands(shell, "bands.biases") };
    this.layers = make("div", { class: "row layers", role: "group", "aria-label": shell.say("layer") });
    this.judges = Array.from({ length: 10 }, (_, digit) => make("button", { click: () => void shell.act("judge", { digit }) }, String(digit)));
    this.forget = make("button", { class: "forget", click: () => void shell.act("forget") }, shell.say("forget"));
    this.zoom = make("button", { "aria-pressed": "false", click: () => this.turnZoom() }, shell.say("zoom"));
    this.tally = make("p", { class: "note tally", role: "status" });
  }

  panels() {
    const { shell } = this;
    const figures = [...this.figures].map(([name, value]) => make("div", {}, make("dt", {}, shell.say(`figure.${name}`)), value));
    const clear = () => {
      this.pen.clear();
      void this.pen.send();
    };
    const board = make(
      "div",
      { class: "board" },
      this.pen.canvas,
      make("div", { class: "row" }, make("button", { click: clear }, shell.say("pen.clear"))),
      make("p", { class: "note", id: "pen-help" }, shell.say("pen.help")),
      make("div", { class: "judge", role: "group", "aria-label": shell.say("judge") }, make("span", { class: "note" }, shell.say("judge")), ...this.judges),
      this.tally,
      this.forget,
    );
    const end = make("div", { class: "end" }, this.way.words, this.way.bars);
    const seen = make("figure", {}, make("figcaption", { class: "note" }, shell.say("way.input")), this.way.image);
    return [
      shell.panel(
        "run",
        make(
          "div",
          { class: "run" },
          make(
            "div",
            { class: "row" },
            this.play,
            make("button", { click: () => void shell.act("step") }, shell.say("one_step")),
            make("button", { click: () => void shell.act("reset") }, shell.say("reset")),
            this.zoom,
            ...[shell.control("speed")].filter((one) => one !== null),
          ),
          make("dl", { class: "figures" }, ...figures),
        ),
        this.progress,
        this.note,
      ),
      make("div", { class: "columns" }, shell.panel("accuracy", this.accuracy.element), shell.panel("loss", this.loss.element)),
      make("div", { class: "columns digits" }, shell.panel("batch", this.batch.element), shell.panel("test", this.test.element)),
      shell.panel("draw", make("div", { class: "watch" }, board, make("div", { class: "way" }, seen, this.way.layers), end), make("p", { class: "note" }, shell.say("drawn.honest"))),
      shell.panel("weights", this.layers, this.weights.element),
      make("div", { class: "columns" }, shell.panel("bands", this.bands.weights.element, this.bands.biases.element), shell.panel("confusion", this.confusion.element)),
    ];
  }

  /** @param {any} frame */
  draw(frame) {
    const { shell } = this;
    const { view } = shell;
    const isFirst = this.frame === null;
    this.frame = frame;
    if (isFirst && frame.watched.source !== "drawn") this.pen.clear();
    if (frame.digits) view.digits = frame.digits;
    if (view.images?.data !== frame.data.name) void this.ask();
    this.drawRun(frame);
    this.drawCurves(frame.curves);
    if (frame.digits || isFirst) this.drawDigits();
    this.way.draw(frame);
    this.drawOwn(frame);
  }

  /** @param {Record<string, import("../../page/socket.js").Grid>} curves */
  drawCurves(curves) {
    const { shell } = this;
    const count = curves.step.values.length;
    const first = shell.view.isZoomed ? Math.floor(count / 10) : 0;
    const of = (/** @type {string} */ name, scale = 1) =>
      ["train", "test"].map((which) => ({
        label: shell.say(which),
        colour: `var(--${which})`,
        x: curves.step.values.subarray(first),
        y: curves[`${which}_${name}`].values.subarray(first).map((y) => y * scale),
      }));
    this.accuracy.draw(of("accuracy", 100));
    this.loss.draw(of("loss"));
    this.zoom.setAttribute("aria-pressed", String(Boolean(shell.view.isZoomed)));
  }

  turnZoom() {
    const { view } = this.shell;
    view.isZoomed = !view.isZoomed;
    if (this.frame) this.drawCurves(this.frame.curves);
  }

  /** Ask for the test digits, which are sent once. */
  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    const answer = await this.shell.act("images");
    this.isAsking = false;
    if (!answer) return;
    this.shell.view.images = answer;
    this.drawDigits();
  }

  /** @param {any} frame */
  drawRun(frame) {
    const { shell } = this;
    const { data, point } = frame;
    this.play.textContent = shell.say(frame.is_training ? "pause" : "play");
    const shown = Math.min(data.test, 1000);
    /** @type {Record<string, string>} */
    const values = {
      step: shell.number(frame.step, 7),
      epoch: shell.number(frame.epoch, 3),
      learning_rate: shell.number(frame.learning_rate, 3),
      accuracy: shell.say("of", { share: shell.number(point.test_accuracy * 100, 4), count: shell.number(shown, 7) }),
      all: frame.all ? shell.say("of", { share: shell.number(frame.all.accuracy * 100, 4), count: shell.number(frame.all.count, 7) }) : "–",
    };
    for (const [name, value] of this.figures) value.textContent = values[name];
    this.progress.textContent = frame.goal === null ? "" : shell.say("goal", { step: shell.number(frame.step, 7), goal: shell.number(frame.goal, 7) });
    const note = shell.say(`data.${data.name}`, { train: shell.number(data.train, 7), test: shell.number(data.test, 7) });
    this.note.textContent = data.is_without_mnist ? `${note} ${shell.say("data.how")}` : note;
  }

  drawDigits() {
    const { view } = this.shell;
    const { digits, images } = view;
    const { data, layers } = this.frame;
    if (!digits) return;
    const { largest } = data;
    this.batch.draw({ ...digits.batch, largest, version: `${data.name} ${digits.step}` });
    if (images?.data === data.name && images.labels.values.length === digits.test.predicted.values.length) {
      this.test.draw({ ...digits.test, images: images.images, labels: images.labels, largest, version: data.name });
    }
    this.confusion.draw(digits.confusion);
    this.weights.draw(digits.weights);
    this.bands.weights.draw(digits.layer, digits.bands.step, digits.bands.weights);
    this.bands.biases.draw(digits.layer, digits.bands.step, digits.bands.biases);
    this.drawLayers(layers);
  }

  /** @param {number[][]} layers  the shapes of their weights */
  drawLayers(layers) {
    const { shell } = this;
    const words = layers.map((shape, place) => shell.say("layer.one", { layer: place + 1, shape: shape.join(" × ") }));
    if (this.layers.dataset.words !== words.join()) {
      this.layers.dataset.words = words.join();
      this.layers.replaceChildren(...words.map((text, place) => make("button", { click: () => void shell.set("layer", place + 1) }, text)));
    }
    const present = Math.min(shell.settings.layer, layers.length);
    [...this.layers.children].forEach((button, place) => button.setAttribute("aria-pressed", String(place + 1 === present)));
  }

  /** @param {any} frame */
  drawOwn({ own, watched }) {
    const { shell } = this;
    this.forget.disabled = own.count === 0;
    for (const button of this.judges) button.disabled = !watched.can_be_judged;
    this.tally.textContent = own.count
      ? shell.say("tally", { count: own.count, right: own.right, share: shell.number((100 * own.right) / own.count, 3) })
      : shell.say("tally.none");
    const wrong = Array.from(own.labels.values, (label, index) => [label, own.predicted.values[index]]).filter(([label, said]) => label !== said);
    if (wrong.length) this.tally.append(` ${shell.say("tally.wrong", { list: wrong.map(([label, said]) => `${label} → ${said}`).join(", ") })}`);
  }

  snapshot() {
    const { frame } = this;
    if (!frame) return {};
    const { digits } = this.shell.view;
    const mistakes = (/** @type {Tiles} */ tiles) => tiles.tiles.filter((tile) => tile.element.matches(".mistake")).map((tile) => tile.index);
    return {
      step: frame.step,
      epoch: frame.epoch,
      goal: frame.goal,
      isTraining: frame.is_training,
      point: frame.point,
      all: frame.all,
      data: frame.data,
      learningRate: frame.learning_rate,
      curves: { points: frame.curves.step.values.length, steps: [...frame.curves.step.values], testLoss: [...frame.curves.test_loss.values] },
      bands: digits ? { points: digits.bands.step.values.length, weights: [...digits.bands.weights.values.slice(-9)] } : null,
      confusion: digits ? [...digits.confusion.values] : null,
      weights: digits ? { kind: digits.weights.kind, shape: digits.weights.tiles.shape, scale: digits.weights.scale } : null,
      tiles: { batch: this.batch.tiles.length, test: this.test.tiles.length },
      mistakes: { batch: mistakes(this.batch), test: mistakes(this.test) },
      watched: {
        source: frame.watched.source, index: frame.watched.index, label: frame.watched.label,
        layers: frame.watched.layers.map((/** @type {any} */ layer) => layer.values.shape),
        probabilities: [...frame.watched.layers.at(-1).values.values],
        ink: frame.watched.image.values.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
      },
      own: { count: frame.own.count, right: frame.own.right },
      strokes: this.pen.strokes.length,
    };
  }
}
