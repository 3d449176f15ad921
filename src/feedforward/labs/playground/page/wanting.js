// Changes that follow one another faster than the engine answers: each begins from the one before.

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * Change a setting that has several parts, by what it is or will be once the engine has answered.
 * @param {Shell} shell
 * @param {string} name
 * @param {(present: any[]) => any[]} change
 */
export async function change(shell, name, change) {
  /** @type {Record<string, any[]>} */
  const wanted = (shell.view.wanted ??= {});
  const value = change(wanted[name] ?? shell.settings[name]);
  wanted[name] = value;
  await shell.set(name, value);
  if (wanted[name] === value) delete wanted[name];
}
