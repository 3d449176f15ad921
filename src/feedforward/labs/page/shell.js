// The shell around the labs: what every lab is given, and what all of them share on the page.

import { widgetOf } from "./controls.js";
import { byId, make, makeSvg } from "./elements.js";
import { Refusal } from "./socket.js";
import { say } from "./words.js";

/** @typedef {import("./socket.js").Connection} Connection */
/** @typedef {import("./controls.js").Control} Control */
/** @typedef {import("./words.js").Language} Language */
/** @typedef {import("./words.js").Words} Words */

/**
 * What a lab's `mount(root, shell)` returns.
 * @typedef {object} Mounted
 * @property {(frame: any) => void} draw  draws a frame; at most once for each picture of the screen
 * @property {() => object} snapshot  what the page shows, as JSON, for tests
 */

/**
 * What the engine says of a lab that was opened.
 * @typedef {object} Opened
 * @property {string} lab
 * @property {Control[]} controls
 * @property {Record<string, any>} settings
 * @property {any[]} lessons
 */

export class Shell {
  /**
   * @param {Connection} connection
   * @param {Opened} opened
   * @param {Words[]} sources  the lab's words, then the shell's
   * @param {Language} language
   * @param {string[]} hidden  controls and panels that a link leaves out
   * @param {Record<string, any>} view  what the page itself remembers of a lab, kept when the language changes
   */
  constructor(connection, opened, sources, language, hidden, view) {
    this.connection = connection;
    this.opened = opened;
    this.sources = sources;
    this.language = language;
    this.hidden = hidden;
    this.view = view;
    this.settings = opened.settings;
    /** @type {Map<string, import("./controls.js").Widget>} */
    this.widgets = new Map();
    /** @type {Map<string, number>} settings on the way to the engine: a frame from before must not undo them */
    this.pending = new Map();
  }

  /**
   * Return words in the reader's language.
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   */
  say(key, values) {
    return say(this.sources, this.language, key, values);
  }

  /**
   * Return words in the reader's language, or others where there are none.
   * @param {string} key
   * @param {string} [fallback]
   */
  find(key, fallback) {
    const found = this.say(key);
    return found === key && fallback !== undefined ? fallback : found;
  }

  /**
   * Return a number as the reader's language writes it.
   * @param {number | null} value
   * @param {number} [digits]  significant ones
   */
  number(value, digits = 4) {
    if (value === null || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size === 0) return "0"; // not -0
    if (size < 1e-4 || size >= 1e7) return value.toExponential(digits - 1).replaceAll("-", "−");
    return value.toLocaleString(this.language, { maximumSignificantDigits: digits }).replace("-", "−");
  }

  /**
   * Return a number with so many decimals, as a column of a table has them; a large one with three digits.
   * @param {number} value
   * @param {number} count
   */
  decimals(value, count) {
    if (!(Math.abs(value) < 1000)) return this.number(value, 3);
    const rounded = Number(value.toFixed(count)) + 0; // + 0 makes 0 of -0
    return rounded.toLocaleString(this.language, { minimumFractionDigits: count, maximumFractionDigits: count }).replace("-", "−");
  }

  /**
   * Change a setting.
   * @param {string} name
   * @param {any} value
   */
  async set(name, value) {
    this.pending.set(name, (this.pending.get(name) ?? 0) + 1);
    try {
      const answer = await this.connection.ask({ do: "set", name, value });
      this.tell("");
      this.settings = answer.settings;
    } catch (refusal) {
      this.refuse(refusal);
    }
    const left = (this.pending.get(name) ?? 1) - 1;
    if (left) this.pending.set(name, left);
    else this.pending.delete(name);
    this.showSettings(this.settings);
  }

  /**
   * Call an action of the lab and return its answer; undefined where it was refused, which is said.
   * @param {string} name
   * @param {Record<string, unknown>} [values]
   * @returns {Promise<any>}
   */
  async act(name, values = {}) {
    try {
      const answer = await this.connection.ask({ do: "act", action: name, arguments: values });
      this.tell("");
      return answer;
    } catch (refusal) {
      this.refuse(refusal);
      return undefined;
    }
  }

  /**
   * Show a message in the line below the header.
   * @param {string} text
   */
  tell(text) {
    byId("status").textContent = text;
  }

  /**
   * Say why something was refused.
   * @param {unknown} refusal
   */
  refuse(refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const values = { ...refusal.values };
    if (typeof values.name === "string") values.name = this.find(`control.${values.name}`, values.name);
    this.tell(this.say(`error.${refusal.key}`, values));
  }

  /**
   * Return the widget of a control, to be put where the lab wants it; null if a link hides it.
   * @param {string} name
   * @returns {HTMLElement | null}
   */
  control(name) {
    const control = this.opened.controls.find((one) => one.name === name);
    if (!control) throw new Error(`no control ${name}`);
    if (this.hidden.includes(name)) return null;
    const widget = widgetOf(control, (key, fallback) => this.find(key, fallback), (value) => void this.set(name, value));
    this.widgets.set(name, widget);
    widget.show(this.settings[name]);
    return widget.element;
  }

  /**
   * Return the controls that have a group, under its heading.
   * @returns {HTMLElement[]}
   */
  groups() {
    const names = [...new Set(this.opened.controls.map((control) => control.group))].filter((name) => name !== "");
    return names.flatMap((group) => {
      const members = this.opened.controls.filter((control) => control.group === group);
      const shown = members.map((control) => this.control(control.name)).filter((element) => element !== null);
      if (!shown.length) return [];
      const heading = make("summary", {}, this.say(`group.${group}`));
      return [make("details", { class: "group", open: true }, heading, ...shown)];
    });
  }

  /**
   * Return a part of the lab with a heading, which can fill the screen.
   * @param {string} name  the words `panel.<name>` are its heading
   * @param {...(Node | string)} children
   * @returns {HTMLElement}
   */
  panel(name, ...children) {
    const label = this.say("panel.enlarge", { panel: this.say(`panel.${name}`) });
    const corners = makeSvg("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4", fill: "none", stroke: "currentColor", "stroke-width": 1.6 });
    const button = make("button", { class: "enlarge", "aria-label": label, title: label }, makeSvg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, corners));
    const heading = make("h2", { id: `panel-${name}` }, this.say(`panel.${name}`));
    const section = make(
      "section",
      { class: "panel", "aria-labelledby": `panel-${name}` },
      make("div", { class: "head" }, heading, button),
      ...children,
    );
    section.dataset.panel = name;
    section.hidden = this.hidden.includes(name);
    button.addEventListener("click", () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void section.requestFullscreen();
    });
    return section;
  }

  /**
   * Show the settings that a frame or an answer brought.
   * @param {Record<string, any>} settings
   */
  showSettings(settings) {
    for (const [name, widget] of this.widgets) {
      if (!this.pending.has(name)) widget.show(settings[name]);
    }
    this.settings = settings;
  }
}
