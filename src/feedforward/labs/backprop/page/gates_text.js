// Formulas as mathematics is set: powers raised, letters in italics, numbers put in where they are asked for.

import { make } from "../../page/elements.js";

const SIGNS = /** @type {Record<string, string>} */ ({ "*": "·", "-": "−", sigmoid: "σ", relu: "ReLU", sqrt: "√" });

/**
 * Return a formula as the engine writes it, set for the eye.
 * @param {string} text  such as `b * a^(b - 1)`
 * @param {Record<string, string>} [numbers]  what is put in for a letter
 * @returns {HTMLElement}
 */
export function typeset(text, numbers = {}) {
  const tokens = text.match(/[A-Za-zα-ω_][\wα-ω]*|[\d.]+(?:e[+-]?\d+)?|\s+|./g) ?? [];
  const whole = make("span", { class: "formula" });
  whole.append(...set(tokens, numbers));
  return whole;
}

/**
 * @param {string[]} tokens  taken from the front
 * @param {Record<string, string>} numbers
 * @returns {Node[]}
 */
function set(tokens, numbers) {
  /** @type {Node[]} */
  const nodes = [];
  let before = "";
  while (tokens.length) {
    const token = /** @type {string} */ (tokens.shift());
    if (token === "^") nodes.push(make("sup", {}, ...set(raised(tokens), numbers)));
    else if (token in numbers) {
      // A negative number needs parentheses behind a sign and under an exponent.
      const isHeld = numbers[token].startsWith("−") && ("+-*/".includes(before || "?") || tokens[0] === "^");
      nodes.push(document.createTextNode(isHeld ? `(${numbers[token]})` : numbers[token]));
    } else nodes.push(one(token, tokens[0] === "("));
    if (token.trim()) before = token;
  }
  return nodes;
}

/**
 * Take an exponent from the front of tokens: a group without its parentheses, or a sign and what follows.
 * @param {string[]} tokens
 */
function raised(tokens) {
  if (tokens[0] !== "(") return tokens.splice(0, tokens[0] === "-" ? 2 : 1);
  let depth = 0;
  const end = tokens.findIndex((token) => {
    depth += token === "(" ? 1 : token === ")" ? -1 : 0;
    return depth === 0;
  });
  return tokens.splice(0, end + 1).slice(1, -1);
}

/**
 * @param {string} token
 * @param {boolean} isFunction
 * @returns {Node}
 */
function one(token, isFunction) {
  if (token in SIGNS) return document.createTextNode(SIGNS[token]);
  if (/^[A-Za-zα-ω_]/.test(token) && !isFunction) return make("i", {}, token);
  return document.createTextNode(token);
}

/**
 * Return what stands in a gate.
 * @param {string} label
 */
export function signOf(label) {
  if (label === "^") return "xʸ";
  const power = /^x\^(-?\d+)$/.exec(label);
  if (power) return `x${[...power[1]].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("")}`;
  return label.replaceAll("*", "×").replaceAll("-", "−").replace("sigmoid", "σ").replace("relu", "ReLU");
}
