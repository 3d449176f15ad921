// An expression as gates: a formula typed in, its circuit, one step after another through both passes, and back.

import { make } from "../../page/elements.js";
import { Drawing } from "./gates_circuit.js";
import { Inputs } from "./gates_inputs.js";
import { explain } from "./gates_step.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */
/** @typedef {import("./gates_circuit.js").Circuit} Circuit */

const PRESETS = ["product", "neuron", "max", "fan_out"];

/**
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @returns {import("../../page/shell.js").Mounted}
 */
export function mountGates(root, shell) {
  /** @type {Circuit | null} */
  let last = null;
  let written = ""; // the formula that was put into the field, which may hold another since
  const say = shell.say.bind(shell);

  const presets = PRESETS.map((preset) =>
    make("button", { click: () => void choose(preset) }, say(`gates.preset.${preset}`)),
  );
  /** @param {string} preset */
  const choose = (preset) => {
    written = "";
    return shell.act("gate_preset", { preset });
  };
  const formula = make("input", { type: "text", id: "gates-formula", maxlength: 300, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
  formula.addEventListener("change", () => void type());
  /** Show the formula that was typed; one that is refused stays in the field, to be mended. */
  const type = async () => {
    if (formula.value === last?.formula) return;
    const answer = await shell.act("gate_formula", { formula: formula.value });
    formula.setAttribute("aria-invalid", String(answer === undefined));
  };
  const expand = make("input", { type: "checkbox", id: "gates-expand", change: () => void shell.act("gate_expand", { is_expanded: expand.checked }) });
  const expanding = make("span", { class: "expanding" }, expand, make("label", { for: "gates-expand" }, say("gates.expand")));

  /** @param {number} step */
  const go = (step) => {
    delete shell.view.gate;
    void shell.act("gate_step", { step: Math.max(0, step) });
  };
  /**
   * @param {string} key
   * @param {string} sign
   * @param {(circuit: Circuit) => number} to
   */
  const button = (key, sign, to) =>
    make("button", { "aria-label": say(`gates.${key}`), title: say(`gates.${key}`), click: () => last && go(to(last)) }, sign);
  const first = button("first", "|◀", () => 0);
  const back = make("button", { click: () => last && go(last.step - 1) }, `◀ ${say("gates.back")}`);
  const next = make("button", { class: "primary", click: () => last && go(last.step + 1) }, `${say("gates.next")} ▶`);
  const end = button("last", "▶|", (circuit) => circuit.steps);
  const line = make("input", { type: "range", min: 0, step: 1, "aria-label": say("gates.step"), input: () => go(Number(line.value)) });
  const place = make("p", { class: "place", role: "status" });

  /** @param {number} gate */
  const select = (gate) => {
    shell.view.gate = shell.view.gate === gate ? undefined : gate;
    if (last) draw(last);
  };
  const drawing = new Drawing(shell, select);
  const inputs = new Inputs(shell);
  const step = make("div", { class: "explained", "aria-live": "polite" });
  const below = make("div", { class: "explained below" }); // the same, for a circuit that fills the screen

  root.append(
    shell.panel(
      "circuit",
      make("div", { class: "row presets", role: "group", "aria-label": say("gates.presets") }, ...presets),
      make("div", { class: "row typed" }, make("label", { for: "gates-formula" }, make("i", {}, "f"), " ="), formula, expanding),
      make("div", { class: "scroll board" }, drawing.element),
      make("div", { class: "row steps" }, first, back, next, end, line),
      make(
        "div",
        { class: "row under" },
        place,
        make("span", { class: "legend" }, make("span", { class: "is-value" }, say("gates.legend.value")), make("span", { class: "is-gradient" }, say("gates.legend.gradient"))),
      ),
      below,
    ),
    make("div", { class: "columns" }, shell.panel("gate", step), shell.panel("inputs", ...inputs.elements)),
  );

  /** @param {Circuit} circuit */
  const draw = (circuit) => {
    if (circuit.formula !== written) {
      formula.value = written = circuit.formula;
      formula.removeAttribute("aria-invalid");
      if (last) delete shell.view.gate;
    }
    last = circuit;
    presets.forEach((one, index) => one.setAttribute("aria-pressed", String(circuit.preset === PRESETS[index])));
    expand.checked = circuit.is_expanded;
    expanding.hidden = !circuit.has_sigmoid;
    const selected = shell.view.gate < circuit.gates.length ? shell.view.gate : null;
    drawing.draw(circuit, selected);
    first.disabled = back.disabled = circuit.step === 0;
    next.disabled = end.disabled = circuit.step === circuit.steps;
    line.max = String(circuit.steps);
    if (!line.matches(":active")) line.value = String(circuit.step);
    place.textContent = say(`gates.phase.${circuit.phase}`, { step: circuit.step, steps: circuit.steps });
    const gate = selected ?? circuit.current;
    for (const one of [step, below]) {
      one.replaceChildren(...(gate === null ? [make("p", {}, say("gates.begin"))] : explain(shell, circuit, gate)));
    }
    inputs.draw(circuit);
  };

  return {
    draw: (frame) => draw(frame.circuit),
    snapshot: () => ({ circuit: last, selected: shell.view.gate ?? null, explained: [...step.children].map((one) => one.textContent) }),
  };
}
