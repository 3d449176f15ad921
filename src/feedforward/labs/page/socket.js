// The line to the engine: messages out as JSON, answers and frames in as JSON with arrays (see labs/packing.py).

/** @typedef {Float32Array | Float64Array | Int32Array | Uint8Array} Numbers */

/**
 * An array of numbers with its shape; the last axis runs fastest.
 * @typedef {object} Grid
 * @property {Numbers} values
 * @property {number[]} shape
 */

/** What the engine says cannot be done: a key of the words, and what stands in their braces. */
export class Refusal extends Error {
  /** @param {{key: string, values: Record<string, string | number>}} told */
  constructor(told) {
    super(told.key);
    this.key = told.key;
    this.values = told.values;
  }
}

const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array, u1: Uint8Array };

/**
 * Return a message that `pack` made.
 * @param {ArrayBuffer} buffer
 * @returns {any}
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const start = 4 + length + ((8 - ((4 + length) % 8)) % 8);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)), (_key, value) => {
    if (value === null || typeof value !== "object" || !Array.isArray(value.array)) return value;
    const [place, kind, shape] = /** @type {[number, keyof typeof TYPES, number[]]} */ (value.array);
    const count = shape.reduce((product, size) => product * size, 1);
    return { values: new TYPES[kind](buffer, start + place, count), shape };
  });
}

export class Connection {
  /**
   * @param {(frame: any) => void} onFrame
   * @param {(refusal: Refusal) => void} onError  what went wrong without having been asked for
   * @param {() => void} onClose
   */
  constructor(onFrame, onError, onClose) {
    /** @type {Map<number, {resolve: (answer: any) => void, reject: (refusal: Refusal) => void}>} */
    this.asked = new Map();
    this.count = 0;
    const address = new URL("socket", document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.opened = new Promise((resolve) => this.socket.addEventListener("open", () => resolve(undefined)));
    this.socket.addEventListener("close", onClose);
    this.socket.addEventListener("message", (event) => {
      const message = unpack(event.data);
      if (message.frame) {
        onFrame(message.frame);
        return;
      }
      const waiting = this.asked.get(message.reply);
      this.asked.delete(message.reply);
      if (!message.error) waiting?.resolve(message.answer);
      else if (waiting) waiting.reject(new Refusal(message.error));
      else onError(new Refusal(message.error));
    });
  }

  /**
   * Ask for something and wait for the answer.
   * @param {Record<string, unknown>} message
   * @returns {Promise<any>}
   */
  async ask(message) {
    await this.opened;
    this.count += 1;
    const id = this.count;
    const answer = new Promise((resolve, reject) => this.asked.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ ...message, id }));
    return answer;
  }

  /** Say that the last frame is on the screen. */
  drawn() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send('{"do":"drawn"}');
  }
}
