// The page of the lab: a tab for each of its two modes.

import { mountNetwork } from "./network.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("../../page/shell.js").Mounted} Mounted */

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {Mounted}
 */
export function mount(root, shell) {
  return mountNetwork(root, shell);
}
