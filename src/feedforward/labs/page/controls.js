// A widget for each control that the engine declares (labs/settings.py): labelled, reached by Tab, checked there.

import { make } from "./elements.js";

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {string} group
 * @property {"number" | "whole" | "choice" | "flag" | "text" | "many" | "row"} kind
 * @property {any} default
 * @property {number} [low]
 * @property {number} [high]
 * @property {boolean} [is_log]
 * @property {(string | number)[]} [options]
 * @property {number} [most]
 */

/**
 * @typedef {object} Widget
 * @property {HTMLElement} element
 * @property {(value: any) => void} show  takes over a value that was set elsewhere
 */

/**
 * Return the widget of a control.
 * @param {Control} control
 * @param {(key: string, fallback?: string) => string} say
 * @param {(value: any) => void} change
 * @returns {Widget}
 */
export function widgetOf(control, say, change) {
  const label = say(`control.${control.name}`);
  const help = say(`control.${control.name}.help`, "");
  const id = `control-${control.name}`;
  const made = {
    number: ofNumber,
    whole: ofNumber,
    choice: ofChoice,
    flag: ofFlag,
    text: ofText,
  }[/** @type {"number"} */ (control.kind)](control, id, label, say, change);
  if (help) made.element.title = help;
  made.element.dataset.control = control.name;
  return made;
}

/**
 * @param {Control} control
 * @param {string} id
 * @param {string} label
 * @param {(key: string, fallback?: string) => string} _say
 * @param {(value: any) => void} change
 * @returns {Widget}
 */
function ofNumber(control, id, label, _say, change) {
  const low = control.low ?? 0;
  const high = control.high ?? 1;
  const isWhole = control.kind === "whole";
  const least = low > 0 ? low : high / 1e6; // the left end of a logarithmic line that begins at 0 is 0
  /** @param {number} value */
  const toLine = (value) => (control.is_log ? Math.log10(Math.max(value, least)) : value);
  /** @param {number} place */
  const fromLine = (place) => {
    if (!control.is_log) return place;
    return low === 0 && place <= Math.log10(least) ? 0 : Number((10 ** place).toPrecision(2));
  };
  const start = toLine(low);
  const end = toLine(high);
  const line = make("input", {
    type: "range", min: start, max: end, step: isWhole && !control.is_log ? 1 : (end - start) / 200, "aria-label": label,
  });
  const exact = make("input", { type: "number", id, min: low, max: high, step: isWhole ? 1 : "any", inputmode: "decimal" });
  line.addEventListener("input", () => {
    const value = fromLine(Number(line.value));
    exact.value = String(isWhole ? Math.round(value) : value);
    change(Number(exact.value));
  });
  exact.addEventListener("change", () => {
    if (exact.value.trim() !== "") change(Number(exact.value));
  });
  return {
    element: make("div", { class: "control" }, make("label", { for: id }, label), exact, line),
    show(value) {
      if (document.activeElement !== exact) exact.value = String(Number(value.toPrecision(6)));
      if (document.activeElement !== line || !line.matches(":active")) line.value = String(toLine(value));
    },
  };
}

/**
 * @param {Control} control
 * @param {string} id
 * @param {string} label
 * @param {(key: string, fallback?: string) => string} say
 * @param {(value: any) => void} change
 * @returns {Widget}
 */
function ofChoice(control, id, label, say, change) {
  const options = control.options ?? [];
  const list = make("select", { id, change: () => change(options[list.selectedIndex]) });
  for (const option of options) {
    list.append(make("option", { value: option }, say(`choice.${control.name}.${option}`, say(`choice.${option}`, String(option)))));
  }
  return {
    element: make("div", { class: "control" }, make("label", { for: id }, label), list),
    show(value) {
      list.selectedIndex = options.indexOf(value);
    },
  };
}

/**
 * @param {Control} _control
 * @param {string} id
 * @param {string} label
 * @param {(key: string, fallback?: string) => string} _say
 * @param {(value: any) => void} change
 * @returns {Widget}
 */
function ofFlag(_control, id, label, _say, change) {
  const box = make("input", { type: "checkbox", id, change: () => change(box.checked) });
  return {
    element: make("div", { class: "control flag" }, box, make("label", { for: id }, label)),
    show(value) {
      box.checked = value;
    },
  };
}

/**
 * @param {Control} control
 * @param {string} id
 * @param {string} label
 * @param {(key: string, fallback?: string) => string} _say
 * @param {(value: any) => void} change
 * @returns {Widget}
 */
function ofText(control, id, label, _say, change) {
  const field = make("input", {
    type: "text", id, maxlength: control.most ?? 1000, spellcheck: "false", autocomplete: "off", change: () => change(field.value),
  });
  return {
    element: make("div", { class: "control" }, make("label", { for: id }, label), field),
    show(value) {
      if (document.activeElement !== field) field.value = value;
    },
  };
}
