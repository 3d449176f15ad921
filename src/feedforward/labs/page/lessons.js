// The column of lessons: each sets the controls, asks a question, and has the answer checked by the engine.

import { make } from "./elements.js";

/** @typedef {import("./shell.js").Shell} Shell */

/**
 * Fill the column.
 * @param {HTMLElement} root
 * @param {Shell} shell
 * @param {string | null} first  the lesson that a link opens
 */
export function showLessons(root, shell, first) {
  const { lessons } = shell.opened;
  root.replaceChildren(make("h2", {}, shell.say("lessons")));
  for (const lesson of lessons) {
    const body = make("div", { class: "lesson-body" });
    const fold = make("details", { class: "lesson", name: "lesson" }, make("summary", {}, lesson.title[shell.language]), body);
    fold.dataset.lesson = lesson.id;
    fold.open = (shell.view.lesson ?? first) === lesson.id;
    fill(body, lesson, shell);
    fold.addEventListener("toggle", () => {
      if (fold.open) shell.view.lesson = lesson.id;
    });
    root.append(fold);
  }
}

/**
 * @param {HTMLElement} body
 * @param {any} lesson
 * @param {Shell} shell
 */
function fill(body, lesson, shell) {
  const { language } = shell;
  const verdict = make("p", { class: "verdict", role: "status" });
  /** @param {number | null} option */
  const check = async (option) => {
    try {
      const answer = await shell.connection.ask({ do: "answer", lesson: lesson.id, option });
      verdict.className = answer.right ? "verdict right" : "verdict wrong";
      verdict.textContent = answer.right ? `✓ ${answer.because[language]}` : shell.say("lesson.wrong");
    } catch (refusal) {
      shell.refuse(refusal);
    }
  };
  const start = async () => {
    try {
      const answer = await shell.connection.ask({ do: "lesson", lesson: lesson.id });
      shell.showSettings(answer.settings);
      shell.tell("");
    } catch (refusal) {
      shell.refuse(refusal);
    }
  };
  body.append(
    ...lesson.text[language].split("\n").map((/** @type {string} */ line) => make("p", {}, line)),
    make("button", { class: "start", click: () => void start() }, shell.say("lesson.start")),
    make("p", { class: "question" }, lesson.question[language]),
  );
  if (lesson.options.length) {
    const choices = lesson.options.map((/** @type {any} */ text, /** @type {number} */ index) =>
      make("li", {}, make("button", { click: () => void check(index) }, text[language])),
    );
    body.append(make("ol", { class: "options" }, ...choices));
  } else {
    body.append(make("button", { class: "check", click: () => void check(null) }, shell.say("lesson.check")));
  }
  body.append(verdict);
}
