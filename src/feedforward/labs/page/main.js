// The page: which lab is open, in which language, light or dark; frames as they come, at most one a picture.

import { byId, make } from "./elements.js";
import { showLessons } from "./lessons.js";
import { download, openShare } from "./share.js";
import { Shell } from "./shell.js";
import { Connection } from "./socket.js";
import { LANGUAGES, load, preferred, say } from "./words.js";

/** @typedef {import("./shell.js").Mounted} Mounted */
/** @typedef {import("./words.js").Words} Words */

/** What an address may say behind the `#`. */
const asked = () => new URLSearchParams(location.hash.slice(1));

const remembered = (/** @type {string} */ key) => {
  try {
    return localStorage.getItem(`feedforward.${key}`);
  } catch {
    return null; // a browser may forbid it
  }
};
const remember = (/** @type {string} */ key, /** @type {string} */ value) => {
  try {
    localStorage.setItem(`feedforward.${key}`, value);
  } catch {
    // then it is not remembered
  }
};

class Page {
  constructor() {
    const language = asked().get("language") ?? remembered("language");
    this.language = LANGUAGES.find((one) => one === language) ?? preferred();
    this.theme = remembered("theme") ?? "";
    /** @type {string[]} */
    this.labs = [];
    /** @type {Words[]} */
    this.sources = [];
    /** @type {Shell | null} */
    this.shell = null;
    /** @type {Mounted | null} */
    this.mounted = null;
    /** @type {any} */
    this.frame = null;
    /** @type {Record<string, Record<string, any>>} */
    this.views = {};
    this.frames = 0;
    this.isDrawing = false;
    this.isOpening = false;
    /** @type {Record<string, Words>} */
    this.words = {};
    /** @type {Record<string, {mount: (root: HTMLElement, shell: Shell) => Mounted}>} */
    this.modules = {};
    this.connection = new Connection(
      (frame) => this.take(frame),
      (refusal) => this.shell?.refuse(refusal),
      () => {
        byId("status").textContent = say([this.words[""]], this.language, "closed");
        document.body.classList.add("is-closed");
      },
    );
  }

  async start() {
    this.words[""] = await load("page/words.json");
    this.labs = await (await fetch("labs.json")).json();
    for (const lab of this.labs) this.words[lab] = await load(`labs/${lab}/words.json`);
    window.addEventListener("hashchange", () => void this.open());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault(); // the address says which lab is open, and how
      byId("stage").focus();
    });
    await this.open();
  }

  /** Open the lab that the address names, as it says. */
  async open() {
    this.isOpening = true;
    const parts = asked();
    const name = this.labs.find((one) => one === parts.get("lab")) ?? this.labs[0];
    this.sources = [this.words[name], this.words[""]];
    const state = parts.get("state");
    const request = { do: "open", lab: name };
    /** @type {unknown} */
    let refused = null;
    const opened = await this.connection.ask({ ...request, state }).catch((refusal) => {
      refused = refusal;
      return this.connection.ask({ ...request, state: null });
    });
    const hidden = (parts.get("hide") ?? "").split(",");
    this.views[name] ??= {};
    if (!this.modules[name]) {
      const style = make("link", { rel: "stylesheet", href: `labs/${name}/lab.css` });
      style.dataset.lab = name;
      document.head.append(style);
      this.modules[name] = await import(new URL(`labs/${name}/lab.js`, document.baseURI).href);
    }
    // Labs name their classes without regard to each other: only the open one's styles hold.
    for (const style of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("link[data-lab]"))) {
      style.disabled = style.dataset.lab !== name;
    }
    this.shell = new Shell(this.connection, opened, this.sources, this.language, hidden, this.views[name]);
    this.frame = null;
    this.isOpening = false;
    this.show();
    if (refused) this.shell.refuse(refused);
    this.connection.drawn();
  }

  /** Build the page anew, in the present language. */
  show() {
    const { shell } = this;
    if (!shell) return;
    shell.language = this.language;
    shell.widgets.clear();
    const parts = asked();
    const { lab } = shell.opened;
    document.documentElement.lang = this.language === "zh" ? "zh-Hans" : "en";
    document.documentElement.dataset.theme = this.theme;
    document.title = `${shell.say("title")} · Feedforward`;
    document.body.dataset.lab = lab;
    byId("skip").textContent = shell.say("skip");
    shell.tell("");
    this.showHeader(shell);
    const controls = byId("controls");
    controls.setAttribute("aria-label", shell.say("controls"));
    controls.replaceChildren(...shell.groups());
    controls.hidden = !controls.childElementCount;
    const lessons = byId("lessons");
    lessons.setAttribute("aria-label", shell.say("lessons"));
    showLessons(lessons, shell, parts.get("lesson"));
    const stage = byId("stage");
    stage.replaceChildren();
    this.mounted = this.modules[lab].mount(stage, shell);
    const only = parts.get("panel");
    document.body.classList.toggle("is-single", only !== null);
    if (only) for (const one of stage.querySelectorAll("[data-panel]")) one.classList.toggle("is-only", /** @type {HTMLElement} */ (one).dataset.panel === only);
    if (this.frame) this.mounted.draw(this.frame);
  }

  /** @param {Shell} shell */
  showHeader(shell) {
    const { lab } = shell.opened;
    const tabs = this.labs.map((name) =>
      make("a", { href: `#lab=${name}`, ...(name === lab ? { "aria-current": "page" } : {}) }, say([this.words[name]], this.language, "title")),
    );
    byId("tabs").setAttribute("aria-label", shell.say("labs"));
    byId("tabs").replaceChildren(...tabs);
    const dark = () => (this.theme ? this.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
    const other = this.language === "en" ? "zh" : "en";
    byId("tools").replaceChildren(
      make("button", { click: () => openShare(shell) }, shell.say("share")),
      make("button", { click: () => void this.save("script") }, shell.say("script")),
      make("button", { click: () => void this.save("file") }, shell.say("file")),
      make(
        "button",
        {
          class: "theme",
          "aria-label": shell.say("theme"),
          title: shell.say("theme"),
          click: () => {
            this.theme = dark() ? "light" : "dark";
            remember("theme", this.theme);
            this.show();
          },
        },
        "◐",
      ),
      make(
        "button",
        {
          class: "language",
          lang: other === "zh" ? "zh-Hans" : "en",
          click: () => {
            this.language = other;
            remember("language", other);
            this.show();
          },
        },
        other === "zh" ? "中文" : "English",
      ),
    );
  }

  /**
   * Save the run as a program, or the model as a file.
   * @param {"script" | "file"} what
   */
  async save(what) {
    const { shell } = this;
    if (!shell) return;
    try {
      const answer = await this.connection.ask({ do: what });
      if (what === "script") download(answer, `${shell.opened.lab}.py`);
      else download(answer.values, `${shell.opened.lab}.ff`);
    } catch (refusal) {
      shell.refuse(refusal);
    }
  }

  /**
   * Take a frame, and draw it with the next picture.
   * @param {any} frame
   */
  take(frame) {
    this.frame = frame;
    if (this.mounted) this.shell?.showSettings(frame.settings); // at once: an answer that follows is newer
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      if (this.isOpening || !this.frame || !this.shell || !this.mounted) return;
      this.mounted.draw(this.frame);
      // What changes with every frame would be read out without end.
      for (const one of byId("stage").querySelectorAll("[role=status]")) one.setAttribute("aria-live", this.frame.is_playing ? "off" : "polite");
      this.frames += 1;
      this.connection.drawn();
    });
  }
}

const page = new Page();

/** What tests read: JSON, nothing that acts. */
const labs = {
  snapshot: () =>
    JSON.parse(
      JSON.stringify({
        lab: page.shell?.opened.lab ?? null,
        language: page.language,
        frames: page.frames,
        isPlaying: page.frame?.is_playing ?? false,
        settings: page.shell?.settings ?? {},
        status: byId("status").textContent,
        ...(page.frame && page.mounted ? page.mounted.snapshot() : {}),
      }),
    ),
};
Object.defineProperty(window, "labs", { value: Object.freeze(labs) });
void page.start();
