// The API key: asked for where the server wants one, kept in this tab until it is closed.
import {byId} from "./element.js";

const place = "janus-key";
let asking = null;  // the question that is open, for all who wait for it
let current = "";   // where the browser keeps nothing, it lasts as long as the page

try {
  current = sessionStorage.getItem(place) ?? "";
} catch {
  // As above.
}

export const key = () => current;

function set(given) {
  current = given;
  try {
    sessionStorage.setItem(place, given);
  } catch {
    // As above.
  }
  document.dispatchEvent(new Event("key-given"));
}

// True as soon as there is another key than `used`, false where the user gives none. refused: a key has just
// failed.
export async function askForKey(used, refused) {
  if (key() !== used) return true;
  asking ??= ask(refused || used !== "").finally(() => { asking = null; });
  return asking;
}

function ask(refused) {
  const dialog = byId("key-dialog"), field = byId("key"), problem = byId("key-problem");
  problem.hidden = !refused;
  problem.textContent = refused ? "The server did not take that key." : "";
  field.value = "";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    const finish = (given) => {
      dialog.close();
      dialog.onclose = null;
      if (given) set(given);
      resolve(Boolean(given));
    };
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      // Other characters cannot stand in a header.
      const given = field.value.trim();
      if (/^[\x21-\x7e]+$/.test(given)) return finish(given);
      problem.hidden = false;
      problem.textContent = "A key has letters, digits and signs, without spaces.";
    };
    byId("key-cancel").onclick = () => finish("");
    dialog.onclose = () => finish("");
  });
}
