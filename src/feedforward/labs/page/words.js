// The words of the page in the reader's language: those of the shell, and before them those of the open lab.

/** @typedef {"en" | "zh"} Language */
/** @typedef {Record<Language, Record<string, string>>} Words */
/** @typedef {Record<Language, string>} Text */

/** @type {Language[]} */
export const LANGUAGES = ["en", "zh"];

/**
 * Return the first language of the browser that there are words in.
 * @returns {Language}
 */
export function preferred() {
  for (const tag of navigator.languages) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (found) return found;
  }
  return "en";
}

/**
 * @param {string} address
 * @returns {Promise<Words>}
 */
export async function load(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

/**
 * Return the words of a key with values in their braces; the key itself where there are none, so that a test sees it.
 * @param {Words[]} sources
 * @param {Language} language
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(sources, language, key, values = {}) {
  const found = sources.map((words) => words[language][key]).find((text) => text !== undefined) ?? key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
