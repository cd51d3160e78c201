// Keys that work on the whole page, and the list of them.
import {byId, element} from "./element.js";
import {nextTheme, store, stored} from "./theme.js";

const list = [
  [["Enter"], "draw, or ask"], [["Shift", "Enter"], "a new line"], [["Ctrl", "Enter"], "draw, in a conversation"],
  [["Esc"], "stop what is drawn or answered"], [["Ctrl", "V"], "ask about the image of the clipboard"],
  [["D"], "view: draw"], [["A"], "view: ask"], [["G"], "gallery"], [["/"], "to the text field"],
  [["T"], "light, dark, or as the system has it"], [["?"], "this list"],
];

export function listenForKeys({show, stop}) {
  const field = () => byId(document.body.dataset.view === "ask" ? "question" : "prompt");
  const singles = {
    d: () => show("draw"), a: () => show("ask"), t: nextTheme, "?": open,
    g: () => {
      show("gallery");
      byId("thumbs").querySelector("button")?.focus();
    },
    "/": () => {
      if (document.body.dataset.view === "gallery") show("draw");
      field().focus();
    },
  };
  addEventListener("keydown", (event) => {
    const dialog = document.querySelector("dialog[open]");
    if (event.key === "Escape" && !dialog) stop();
    if (dialog || event.ctrlKey || event.metaKey || event.altKey || !byId("single-keys").checked) return;
    if (event.target.closest("input, textarea, select") || event.isComposing) return;
    const action = singles[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

// Enter sends, unless a writing system composes a character or a line is wanted.
export function sendsOnEnter(area) {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    area.form.requestSubmit();
  });
}

function open() {
  byId("shortcuts").showModal();
}

byId("shortcut-list").replaceChildren(...list.flatMap(([keys, words]) => [
  element("dt", {}, ...keys.flatMap((key, k) => [...(k > 0 ? [" "] : []), element("kbd", {}, key)])),
  element("dd", {}, words)]));
byId("help").addEventListener("click", open);
byId("single-keys").checked = stored("janus-single-keys") !== "no";
byId("single-keys").addEventListener("change", (event) => store("janus-single-keys", event.target.checked ? "yes" : "no"));
