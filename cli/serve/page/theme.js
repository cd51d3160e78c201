// Light, dark, or as the system has it.
import {byId, icon} from "./element.js";

const kinds = ["system", "light", "dark"];

export function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;  // storage that is forbidden: settings last as long as the page
  }
}

export function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As above.
  }
}

function set(kind) {
  const root = document.documentElement, button = byId("theme");
  if (kind === "system") delete root.dataset.theme;
  else root.dataset.theme = kind;
  button.replaceChildren(icon(kind));
  button.dataset.kind = kind;
  button.title = `Colours: ${kind} (T)`;
  button.setAttribute("aria-label", `Colours: ${kind}. Change`);
}

export function nextTheme() {
  const kind = kinds[(kinds.indexOf(byId("theme").dataset.kind) + 1) % kinds.length];
  store("janus-theme", kind);
  set(kind);
}

const before = stored("janus-theme");
set(kinds.includes(before) ? before : "system");
byId("theme").addEventListener("click", nextTheme);
