// The steps of an update as a line of buttons, and the buttons that go along it.

import { make } from "../../page/elements.js";
import { small } from "./symbols.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("../../page/shell.js").Shell} Shell */

const PHASES = ["forward", "loss", "backward", "update"];
const PRESETS = ["mazur", "xor", "softmax", "positive", "saturated", "dead", "zeros"];

/**
 * @param {Shell} shell
 */
export function makeTrack(shell) {
  const say = (/** @type {string} */ key) => shell.say(key);
  const act = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ values = {}) => () => void shell.act(name, values);
  const presets = make(
    "select",
    {
      "aria-label": say("presets"),
      change: () => {
        void shell.act("load", { preset: presets.value });
        presets.selectedIndex = 0;
      },
    },
    make("option", { value: "" }, say("presets")),
    ...PRESETS.map((name) => make("option", { value: name }, say(`preset.${name}`))),
  );
  const back = make("button", { class: "back", click: act("back") }, `◂ ${say("back")}`);
  const step = make("button", { class: "primary step", click: act("step") }, `${say("step")} ▸`);
  /** @type {Frame | null} */
  let last = null;
  const play = make("button", { class: "play", click: () => void shell.act(last?.is_playing ? "pause" : "play") }, say("play"));
  const buttons = make(
    "div",
    { class: "row" },
    back, step,
    make("button", { class: "skip-phase", click: act("skip") }, `${say("skip_phase")} ▸▸`),
    make("button", { class: "apply", click: act("update", { times: 1 }) }, say("update")),
    make("button", { click: act("update", { times: 10 }) }, "×10"),
    make("button", { click: act("update", { times: 100 }) }, "×100"),
    play,
    make("button", { click: act("reset") }, say("reset")),
    presets,
  );
  const steps = make("ol", { class: "track", "aria-label": say("track") });
  const loss = make("p", { class: "losses" });
  let built = "";

  /** @param {Frame} frame */
  const build = (frame) => {
    const groups = PHASES.map((phase) => {
      const members = frame.steps.map((one, index) => ({ one, index })).filter(({ one }) => one[0] === phase);
      const dots = members.map(({ one, index }) => {
        const name = one[1] < 0 ? { loss: "L", update: "η" }[/** @type {"loss"} */ (phase)] : small(frame.network.names[one[1] + 1][one[2]]);
        const dot = make("button", { class: "dot", "aria-label": `${say(`phase.${phase}`)} ${name}`, click: act("go", { position: index + 1 }) }, name);
        dot.dataset.step = String(index + 1);
        return dot;
      });
      return make("li", { class: `phase ${phase}` }, make("span", { class: "phase-name" }, say(`phase.${phase}`)), make("span", { class: "dots" }, ...dots));
    });
    steps.replaceChildren(...groups);
  };

  return {
    element: make("div", { class: "run" }, buttons, steps, loss),
    /** @param {Frame} frame */
    draw(frame) {
      last = frame;
      const key = JSON.stringify(frame.steps);
      if (key !== built) build(frame);
      built = key;
      for (const dot of /** @type {NodeListOf<HTMLElement>} */ (steps.querySelectorAll("[data-step]"))) {
        const number = Number(dot.dataset.step);
        dot.classList.toggle("is-done", number <= frame.position);
        if (number === frame.position) dot.setAttribute("aria-current", "step");
        else dot.removeAttribute("aria-current");
      }
      back.disabled = !frame.can_go_back;
      play.textContent = say(frame.is_playing ? "pause" : "play");
      const isUpdated = frame.position === frame.steps.length;
      const isKnown = frame.position > frame.steps.findIndex((one) => one[0] === "loss");
      const parts = [`${shell.say("updates")} `, make("span", { class: "figure" }, String(frame.updates))];
      parts.push(` · ${shell.say("loss")} `, make("span", { class: "figure value" }, isKnown ? shell.number(frame.loss, 9) : "?"));
      if (isUpdated) parts.push(" → ", make("span", { class: "figure value" }, shell.number(frame.after.loss, 9)));
      loss.replaceChildren(...parts);
    },
  };
}
