// The page of the lab: a tab for each of its two modes.

import { byId, make } from "../../page/elements.js";
import { mountGates } from "./gates.js";
import { mountNetwork } from "./network.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/shell.js").Mounted} Mounted */

const MODES = { network: mountNetwork, expression: mountGates };

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {Mounted}
 */
export function mount(root, shell) {
  const names = /** @type {(keyof typeof MODES)[]} */ (Object.keys(MODES));
  const tabs = names.map((name) => make("button", { click: () => void shell.set("view", name) }, shell.say(`choice.view.${name}`)));
  const stage = make("div", { class: "mode" });
  root.append(make("div", { class: "row modes", role: "group", "aria-label": shell.say("control.view") }, ...tabs), stage);
  /** @type {keyof typeof MODES} */
  let shown = shell.settings.view;
  let mounted = MODES[shown](stage, shell);

  const mark = () => {
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String(names[index] === shown)));
    const controls = byId("controls");
    controls.hidden = shown === "expression" || !controls.childElementCount; // they are of the network
  };
  mark();

  return {
    draw(frame) {
      const mode = /** @type {keyof typeof MODES} */ (frame.settings.view);
      if (mode !== shown) {
        stage.replaceChildren();
        mounted = MODES[mode](stage, shell);
        shown = mode;
        mark();
      }
      mounted.draw(frame);
    },
    snapshot: () => mounted.snapshot(),
  };
}
