// How the lab writes shares.

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * Return a share as percent with one decimal, so that numbers that change keep their width.
 * @param {Shell} shell
 * @param {number} share  from 0 to 1
 */
export function percent(shell, share) {
  return (share * 100).toLocaleString(shell.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
