// Colours of numbers: a line from negative (orange) over neutral to positive (blue), as the style's variables say.

/** @typedef {[number, number, number]} Rgb */

/** @type {{theme: string, line: Uint8ClampedArray} | null} */
let known = null;

/**
 * Return a colour of the style as red, green and blue, 0 to 255.
 * @param {string} variable  such as `--positive`
 * @returns {Rgb}
 */
export function rgbOf(variable) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  const number = Number.parseInt(text.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/**
 * Return 256 colours from negative to positive, four bytes each.
 * @returns {Uint8ClampedArray}
 */
export function colourLine() {
  const theme = getComputedStyle(document.documentElement).getPropertyValue("--paper");
  if (known?.theme === theme) return known.line;
  const [negative, neutral, positive] = [rgbOf("--negative"), rgbOf("--neutral"), rgbOf("--positive")];
  const line = new Uint8ClampedArray(256 * 4);
  for (let index = 0; index < 256; index += 1) {
    const part = (index - 127.5) / 127.5;
    const end = part < 0 ? negative : positive;
    const share = Math.abs(part) ** 0.8;
    for (let channel = 0; channel < 3; channel += 1) {
      line[4 * index + channel] = neutral[channel] + share * (end[channel] - neutral[channel]);
    }
    line[4 * index + 3] = 255;
  }
  known = { theme, line };
  return line;
}

/**
 * Return the colour of a number from -1 to 1 as CSS has it.
 * @param {number} value
 */
export function colourOf(value) {
  const line = colourLine();
  const index = 4 * Math.round((Math.max(-1, Math.min(1, value)) + 1) * 127.5);
  return `rgb(${line[index]} ${line[index + 1]} ${line[index + 2]})`;
}
