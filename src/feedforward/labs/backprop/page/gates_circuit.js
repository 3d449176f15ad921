// The circuit: gates in columns, wires between them, values above (green) and gradients below (red).

import { makeSvg } from "../../page/elements.js";
import { signOf } from "./gates_text.js";

/** @typedef {import("../../page/shell.js").Shell} Shell */

/**
 * @typedef {object} Operand
 * @property {number | null} gate  whose output goes in; null for a number
 * @property {number | null} value
 * @property {string} slope_formula
 * @property {string} case
 * @property {number | null} slope
 * @property {number | null} sent
 */

/**
 * @typedef {object} Gate
 * @property {string} operation
 * @property {string} label
 * @property {string} text
 * @property {number} column
 * @property {number} row
 * @property {boolean} is_last
 * @property {number | null} value
 * @property {number | null} gradient
 * @property {boolean} is_complete
 * @property {{gate: number, sent: number}[]} received
 * @property {number} readers
 * @property {string} formula
 * @property {Operand[]} operands
 * @property {string} kink
 */

/**
 * @typedef {object} Circuit
 * @property {string} formula
 * @property {boolean} is_expanded
 * @property {boolean} has_sigmoid
 * @property {string} preset
 * @property {number} step
 * @property {number} steps
 * @property {"inputs" | "forward" | "seed" | "backward"} phase
 * @property {number | null} current
 * @property {Gate[]} gates
 * @property {{source: number, target: number, operand: number, points: [number, number][], sent: number | null}[]} wires
 * @property {{name: string, value: number, gradient: number | null, numeric: number | null, agrees: boolean | null}[]} inputs
 * @property {{before: number, after: number, change: number, predicted: number} | null} update
 */

const COLUMN = 128;
const ROW = 64;
const RADIUS = 20;
const LEFT = 40;
const TOP = 34;
const LEAD = 74; // a wire runs level so far from the middle of its gate, under its value
const ENTRY = 56; // and so far before a gate, where what is sent back is written because more than one gate does so

/** @param {Gate} gate */
const halfWidth = (gate) => Math.max(RADIUS, signOf(gate.label).length * 5 + 9);

export class Drawing {
  /**
   * @param {Shell} shell
   * @param {(gate: number) => void} select
   */
  constructor(shell, select) {
    this.shell = shell;
    this.select = select;
    this.element = makeSvg("svg", { class: "circuit", role: "group", "aria-label": shell.say("panel.circuit") });
    this.known = "";
    /** @type {{group: SVGGElement, value: SVGTextElement, gradient: SVGTextElement}[]} */
    this.gates = [];
    /** @type {{path: SVGPathElement, sent: SVGTextElement}[]} */
    this.wires = [];
    /** @type {number[]} where each column stands */
    this.columns = [];
  }

  /**
   * @param {Circuit} circuit
   * @param {number | null} selected
   */
  draw(circuit, selected) {
    const shape = JSON.stringify([circuit.formula, circuit.is_expanded]);
    if (shape !== this.known) this.build(circuit);
    this.known = shape;
    const { shell } = this;
    const isBack = circuit.phase === "backward";
    circuit.wires.forEach((wire, index) => {
      const { path, sent } = this.wires[index];
      const isTaken = wire.target === circuit.current;
      path.classList.toggle("forward", isTaken && circuit.phase === "forward");
      path.classList.toggle("backward", isTaken && isBack);
      path.classList.toggle("waiting", circuit.gates[wire.source].value === null);
      sent.textContent = wire.sent === null || circuit.gates[wire.source].readers < 2 ? "" : this.short(wire.sent);
    });
    circuit.gates.forEach((gate, index) => {
      const { group, value, gradient } = this.gates[index];
      const isTaken = index === circuit.current;
      group.classList.toggle("current", isTaken);
      group.classList.toggle("selected", index === selected);
      group.classList.toggle("waiting", gate.value === null);
      value.textContent = gate.value === null ? "" : this.short(gate.value);
      gradient.textContent = gate.gradient === null ? "" : this.short(gate.gradient) + (gate.is_complete ? "" : " +…");
      gradient.classList.toggle("partial", !gate.is_complete);
      const told = [
        shell.say(gate.operands.length ? "gates.gate" : "gates.input", { name: signOf(gate.text) }),
        gate.value === null ? "" : `${shell.say("gates.value")} ${shell.number(gate.value, 3)}`,
        gate.is_complete ? `${shell.say("gates.gradient")} ${shell.number(gate.gradient, 3)}` : "",
      ];
      group.setAttribute("aria-label", told.filter((part) => part).join(", "));
      group.setAttribute("aria-pressed", String(index === selected));
    });
    this.show(circuit);
  }

  /**
   * Return a number as it fits between two gates.
   * @param {number} value
   */
  short(value) {
    const text = this.shell.number(value, 3);
    return text.length > 7 ? this.shell.number(value, 2) : text;
  }

  /**
   * Scroll so that the gate of the present step is in sight, where the circuit is wider than the panel.
   * @param {Circuit} circuit
   */
  show(circuit) {
    const frame = this.element.parentElement;
    if (!frame || frame.scrollWidth <= frame.clientWidth) return;
    const gate = circuit.gates[circuit.current ?? 0];
    const place = (this.columns[gate.column] / this.element.viewBox.baseVal.width) * frame.scrollWidth;
    if (place < frame.scrollLeft + 60 || place > frame.scrollLeft + frame.clientWidth - 90) {
      frame.scrollTo({ left: place - frame.clientWidth / 2 });
    }
  }

  /** @param {Circuit} circuit */
  build(circuit) {
    this.columns = [];
    for (let column = 0; column <= Math.max(...circuit.gates.map((gate) => gate.column)); column += 1) {
      const isWide = circuit.wires.some((wire) => circuit.gates[wire.target].column === column && circuit.gates[wire.source].readers > 1);
      this.columns.push(column ? this.columns[column - 1] + COLUMN + (isWide ? ENTRY : 0) : LEFT);
    }
    const width = this.columns[this.columns.length - 1] + RADIUS + LEAD + 48;
    const height = TOP + ROW * Math.max(...circuit.gates.map((gate) => gate.row)) + 36;
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.element.style.setProperty("--natural", `${width}px`);
    this.wires = circuit.wires.map((wire) => this.wire(circuit, wire));
    this.gates = circuit.gates.map((gate, index) => this.gate(gate, index));
    const last = circuit.gates[circuit.gates.length - 1];
    const [x, y] = [this.columns[last.column] + halfWidth(last), TOP + ROW * last.row];
    this.element.replaceChildren(
      makeSvg("path", { class: "wire", d: `M${x} ${y}h${LEAD - 6}` }),
      makeSvg("path", { class: "arrow", d: `M${x + LEAD} ${y}l-9 -5v10z` }),
      makeSvg("text", { class: "result", x: x + LEAD + 8, y: y + 6 }, "f"),
      ...this.wires.map((wire) => wire.path),
      ...this.gates.map((gate) => gate.group),
      ...this.wires.map((wire) => wire.sent),
    );
  }

  /**
   * @param {Circuit} circuit
   * @param {Circuit["wires"][number]} wire
   */
  wire(circuit, wire) {
    const [source, target] = [circuit.gates[wire.source], circuit.gates[wire.target]];
    const into = circuit.wires.filter((one) => one.target === wire.target);
    const rows = into.map((one) => one.points[one.points.length - 2][1]);
    const own = wire.points[wire.points.length - 2][1];
    // The upper of two wires ends above the middle; two from one gate do so in the order of the operands.
    const rank = rows.filter((row, index) => row < own || (row === own && into[index].operand < wire.operand)).length;
    const end = TOP + ROW * target.row + (into.length > 1 ? (rank ? 8 : -8) : 0);
    const right = this.columns[target.column] - halfWidth(target) + (into.length > 1 ? 1.5 : 0);
    let [x, y] = [this.columns[source.column] + LEAD, TOP + ROW * source.row];
    let d = `M${this.columns[source.column] + halfWidth(source)} ${y}H${x}`;
    wire.points.slice(1).forEach(([column, row], index, points) => {
      const isLast = index === points.length - 1;
      const toX = isLast ? right - (source.readers > 1 ? ENTRY : 0) : this.columns[column];
      const toY = isLast ? end : TOP + ROW * row;
      const middle = (x + toX) / 2;
      d += `C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`;
      [x, y] = [isLast ? right : toX + LEAD / 2, toY];
      d += `H${x}`;
    });
    const below = into.length > 1 && !rank ? -6 : 15;
    return {
      path: makeSvg("path", { class: "wire", d }),
      sent: makeSvg("text", { class: "gradient sent", x: right - 6, y: end + below }),
    };
  }

  /**
   * @param {Gate} gate
   * @param {number} index
   */
  gate(gate, index) {
    const [x, y] = [this.columns[gate.column], TOP + ROW * gate.row];
    const half = halfWidth(gate);
    const isLeaf = !gate.operands.length;
    const outline = makeSvg("rect", {
      x: x - half, y: y - (isLeaf ? 15 : RADIUS), width: 2 * half, height: isLeaf ? 30 : 2 * RADIUS, rx: isLeaf ? 7 : RADIUS,
    });
    const sign = makeSvg("text", { class: gate.label.length > 1 || isLeaf ? "sign" : "sign large", x, y }, signOf(gate.label));
    const value = makeSvg("text", { class: "value", x: x + half + 4, y: y - 6 });
    const gradient = makeSvg("text", { class: "gradient", x: x + half + 4, y: y + 17 });
    const group = makeSvg("g", { class: `gate ${gate.operation}`, tabindex: 0, role: "button" }, outline, sign, value, gradient);
    group.addEventListener("click", () => this.select(index));
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.select(index);
    });
    return { group, value, gradient };
  }
}
