// The playground's page: its panels, and what passes between them.

import { make } from "../../page/elements.js";
import { Network } from "./network.js";
import { Output } from "./output.js";
import { OwnData } from "./own.js";
import { Results } from "./results.js";
import { SearchPanel } from "./search.js";
import { Toolbar } from "./toolbar.js";
import { change } from "./wanting.js";
import { WeightTable } from "./weights.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/socket.js").Grid} Grid */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./network.js").Unit} Unit */

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mount(root, shell) {
  /** @type {Frame | null} */
  let last = null;
  const toolbar = new Toolbar(shell);
  const notice = make("p", { class: "notice", role: "alert" });
  notice.hidden = true;
  const own = new OwnData(shell, (few) => output.map.sketch(few), () => output.drawAgain());
  const output = new Output(shell, { edit: (spot, isErasing) => own.edit(spot, isErasing) }, own.element);
  own.accept(output.element);
  const results = new Results(shell);
  const search = new SearchPanel(shell);
  const weights = new WeightTable(shell);
  const network = new Network(shell, { hover, pin });
  const layerButton = (/** @type {number} */ by) =>
    make("button", { "aria-label": shell.say(by < 0 ? "layers.fewer" : "layers.more"), click: () => changeLayers(by) }, by < 0 ? "−" : "+");
  const buttons = { fewer: layerButton(-1), more: layerButton(1) };
  const depth = make("span", { class: "figure" });
  const picture = shell.panel("network", network.element, make("p", { class: "note hint" }, shell.say("network.hint")));
  const keys = ["positive", "negative", "frozen"].map((name) => make("span", { class: "named" }, make("span", { class: `line ${name}` }), shell.say(`link.${name}`)));
  picture.querySelector("h2")?.after(make("div", { class: "depth" }, buttons.fewer, depth, buttons.more), make("div", { class: "legend" }, ...keys));
  root.append(
    toolbar.element,
    notice,
    make("div", { class: "play-main" }, picture, output.element, results.loss, results.accuracy),
    make("div", { class: "play-more" }, weights.element, search.element),
  );

  /** @param {number} by */
  function changeLayers(by) {
    void change(shell, "layers", (layers) => (by < 0 ? layers.slice(0, -1) : [...layers, layers[layers.length - 1] ?? 4]));
  }

  /**
   * Enlarge the unit that the pointer is on; else the one that was pinned.
   * @param {Unit | null} unit
   */
  function hover(unit) {
    const shown = unit ?? shell.view.pinned ?? null;
    const request = shown ? { action: "focus", arguments: { layer: shown.layer, unit: shown.unit } } : { action: "unfocus" };
    // Not by shell.act, which takes the last message away: somebody may still be reading it.
    shell.connection.ask({ do: "act", ...request }).catch((refusal) => shell.refuse(refusal));
  }

  /**
   * Keep a unit enlarged, or let it go.
   * @param {Unit} unit
   */
  function pin(unit) {
    const { pinned } = shell.view;
    const isPinned = pinned?.layer === unit.layer && pinned.unit === unit.unit;
    shell.view.pinned = isPinned ? null : unit;
    if (unit.layer > 0) weights.choose(`${unit.layer}.${unit.unit}`);
    hover(isPinned ? null : unit);
  }

  return {
    draw(/** @type {Frame} */ frame) {
      last = frame;
      const { pinned } = shell.view;
      if (pinned && !(pinned.unit < frame.sizes[pinned.layer])) {
        shell.view.pinned = null; // the network has become smaller
        hover(null);
      }
      toolbar.draw(frame);
      const hidden = frame.sizes.length - 2;
      depth.textContent = shell.say(hidden === 1 ? "layers.one" : "layers.count", { count: hidden });
      buttons.fewer.disabled = hidden === 0;
      buttons.more.disabled = hidden === 10;
      notice.hidden = frame.diverged === null;
      const told = frame.diverged ? shell.say("diverged", { step: frame.diverged.step }) : "";
      if (notice.textContent !== told) notice.textContent = told;
      dimIdle(shell, frame);
      own.draw(frame);
      network.draw(frame, shell.view.pinned ?? null);
      output.draw(frame);
      results.draw(frame);
      weights.draw(frame);
      search.draw(frame);
    },
    snapshot() {
      if (!last) return {};
      const { epoch, step, samples, loss, accuracy, sizes, inputs, diverged, confusion, curves, focus, task, search: found } = last;
      return {
        epoch, step, samples, loss, accuracy, sizes, inputs, diverged, task,
        weights: last.weights.map(nested),
        biases: last.biases.map((grid) => [...grid.values]),
        frozen: last.frozen.map(nested),
        confusion: confusion && nested(confusion),
        curves: { length: curves.step.values.length, step: [...curves.step.values], train: [...curves.train.values], test: [...curves.test.values] },
        focus: focus && { layer: focus.layer, unit: focus.unit },
        points: last.data.targets.values.length,
        classes: last.class_names,
        search: found && { epoch: found.epoch, is_running: found.is_running },
        ...output.snapshot(),
      };
    },
  };
}

/**
 * Show which controls change nothing as things are.
 * @param {Shell} shell
 * @param {Frame} frame
 */
function dimIdle(shell, { task, settings }) {
  const isOwn = settings.data === "own";
  const idle = { points: isOwn, noise: isOwn, loss: task !== "binary", schedule_epochs: settings.schedule === "constant", penalty_rate: settings.penalty === "none" };
  for (const [name, isIdle] of Object.entries(idle)) shell.widgets.get(name)?.element.classList.toggle("is-idle", isIdle);
}

/**
 * Return a matrix as a list of its rows.
 * @param {Grid} grid
 */
function nested({ values, shape }) {
  return Array.from({ length: shape[0] }, (_row, index) => [...values.slice(index * shape[1], (index + 1) * shape[1])]);
}
