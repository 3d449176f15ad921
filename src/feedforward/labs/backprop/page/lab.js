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
  /** @param {keyof typeof MODES} mode */
  const show = (mode) => {
    stage.replaceChildren();
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String(names[index] === mode)));
    const controls = byId("controls");
    controls.hidden = mode === "expression" || !controls.childElementCount; // they are of the network
    return MODES[mode](stage, shell);
  };
  let shown = shell.settings.view;
  let mounted = show(shown); // at once: a link may ask for one of its panels

  return {
    draw(frame) {
      const { view } = frame.settings;
      if (view !== shown) mounted = show(view);
      shown = view;
      mounted.draw(frame);
    },
    snapshot: () => mounted.snapshot(),
  };
}
