// Taking things out of a lab: a link with the state, a script, the model's file; and which controls a link leaves out.

import { make } from "./elements.js";

/** @typedef {import("./shell.js").Shell} Shell */

/**
 * Return the address that opens a lab as it is now.
 * @param {Shell} shell
 * @param {Record<string, string>} extra  further parts, such as `hide`
 */
export async function linkOf(shell, extra = {}) {
  const state = await shell.connection.ask({ do: "link" });
  const parts = new URLSearchParams({ lab: shell.opened.lab, ...extra, state });
  const address = new URL(document.baseURI);
  address.hash = parts.toString();
  return address.href;
}

/**
 * Save what the engine made as a file of the reader's.
 * @param {BlobPart} content
 * @param {string} name
 */
export function download(content, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([content])), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * Open the dialog that makes a link.
 * @param {Shell} shell
 */
export function openShare(shell) {
  const { opened } = shell;
  const names = opened.controls.filter((control) => control.group !== "").map((control) => control.name);
  const panels = [...document.querySelectorAll("[data-panel]")].map((one) => /** @type {HTMLElement} */ (one).dataset.panel ?? "");
  const result = make("input", { type: "text", readonly: true, "aria-label": shell.say("share.link") });
  const embedding = make("textarea", { readonly: true, rows: 3, "aria-label": shell.say("share.embed") });
  const note = make("p", { class: "note", role: "status" });
  const only = make("select", { id: "share-panel" }, make("option", { value: "" }, shell.say("share.all")));
  for (const name of panels) only.append(make("option", { value: name }, shell.say(`panel.${name}`)));
  const boxes = names.map((name) => make("input", { type: "checkbox", id: `share-${name}`, value: name, checked: !shell.hidden.includes(name) }));
  const renew = async () => {
    try {
      const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
      result.value = await linkOf(shell, {
        ...(hidden.length ? { hide: hidden.join(",") } : {}),
        ...(only.value ? { panel: only.value } : {}),
      });
      const frame = make("iframe", { src: result.value, width: 960, height: 720, title: shell.say("title"), loading: "lazy" });
      embedding.value = frame.outerHTML;
    } catch (refusal) {
      shell.refuse(refusal);
    }
  };
  const copy = async () => {
    await renew();
    result.select();
    try {
      await navigator.clipboard.writeText(result.value);
      note.textContent = shell.say("share.copied");
    } catch {
      note.textContent = shell.say("share.select");
    }
  };
  const pasted = make("input", { type: "text", id: "share-open" });
  const open = () => {
    const at = pasted.value.indexOf("#");
    if (at < 0) note.textContent = shell.say("share.none");
    else location.hash = pasted.value.slice(at);
  };
  const dialog = make(
    "dialog",
    { class: "share", close: () => dialog.remove() },
    make("h2", {}, shell.say("share.title")),
    make("div", { class: "row" }, result, make("button", { class: "primary", click: () => void copy() }, shell.say("share.copy"))),
    note,
    make("div", { class: "control" }, make("label", { for: "share-panel" }, shell.say("share.panel")), only),
    make(
      "details",
      { class: "group" },
      make("summary", {}, shell.say("share.controls")),
      ...boxes.map((box) =>
        make("div", { class: "control flag" }, box, make("label", { for: box.id }, shell.say(`control.${box.value}`))),
      ),
    ),
    make(
      "details",
      { class: "group" },
      make("summary", {}, shell.say("share.embed")),
      embedding,
      make("p", { class: "note" }, shell.say("share.embed.note")),
    ),
    make("div", { class: "control" }, make("label", { for: "share-open" }, shell.say("share.open")), pasted, make("button", { click: open }, shell.say("share.go"))),
    make("button", { class: "close", click: () => dialog.close() }, shell.say("close")),
  );
  dialog.addEventListener("change", () => void renew());
  document.body.append(dialog);
  dialog.showModal();
  void renew();
}
