// Formulas as text and elements. In a text `_{...}` is below the line, `^{...}` above it, `[v:...]` a value of the
// forward pass, `[g:...]` a gradient and `[t:...]` something quiet.

import { make } from "../../page/elements.js";

const PARTS = /_\{([^}]*)\}|\^\{([^}]*)\}|\[([vgt]):([^\]]*)\]/g;
const CLASSES = { v: "value", g: "gradient", t: "quiet" };
const LOW = "₀₁₂₃₄₅₆₇₈₉";

/**
 * Return a formula as elements.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function formula(text) {
  /** @type {(Node | string)[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    found.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[1] !== undefined) found.push(make("sub", {}, match[1]));
    else if (match[2] !== undefined) found.push(make("sup", {}, match[2]));
    else found.push(make("span", { class: CLASSES[/** @type {"v"} */ (match[3])] }, ...formula(match[4])));
  }
  found.push(text.slice(end));
  return found;
}

/**
 * Return a line of a formula.
 * @param {string} text
 * @param {string} [kind]  a further class
 */
export function line(text, kind = "") {
  return make("p", { class: `formula ${kind}` }, ...formula(text));
}

/**
 * Return a name such as `w12` or `z_h1` as a formula has it.
 * @param {string} name
 */
export function symbol(name) {
  if (name.startsWith("z_")) return `z_{${name.slice(2)}}`;
  return name.replace(/^([a-z]+)(\d+)$/i, "$1_{$2}");
}

/**
 * Return a name such as `w12` with small digits, for a drawing.
 * @param {string} name
 */
export function small(name) {
  return name.replace(/\d/g, (digit) => LOW[Number(digit)]);
}

/** How an activation is called in a formula. */
export const FUNCTIONS = /** @type {Record<string, string>} */ ({ sigmoid: "σ", tanh: "tanh", relu: "ReLU", linear: "id", softmax: "softmax" });

/**
 * Return a number as a factor: in brackets where it is negative.
 * @param {string} text
 */
export function factor(text) {
  return text.startsWith("−") ? `(${text})` : text;
}

/**
 * Return numbers or symbols as a sum.
 * @param {string[]} terms
 */
export function sum(terms) {
  return terms.join(" + ").replaceAll("+ −", "− ");
}
