// The start of the page: views, drops and keys.
import * as ask from "./ask.js";
import * as attachments from "./attachments.js";
import * as draw from "./draw.js";
import {byId, icon} from "./element.js";
import * as gallery from "./gallery.js";
import {watch} from "./server.js";
import {listenForKeys, sendsOnEnter} from "./shortcuts.js";

const views = ["draw", "ask", "gallery"];

function show(view) {
  if (location.hash !== `#${view}`) history.pushState(null, "", `#${view}`);
  settle();
}

// The view that the address names.
function settle() {
  const named = location.hash.slice(1);
  const view = views.includes(named) ? named : "draw";
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

for (const link of document.querySelectorAll(".bar nav a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();  // a jump would scroll past the bar
    show(link.hash.slice(1));
  });
}
addEventListener("popstate", settle);
// A field that is wrong is shown, wherever it is.
addEventListener("invalid", (event) => event.target.closest("details")?.setAttribute("open", ""), true);
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});

for (const area of [byId("prompt"), byId("question")]) {
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  };
  area.addEventListener("input", fit);
  sendsOnEnter(area);
}
for (const button of document.querySelectorAll("dialog .close")) button.append(icon("close"));
byId("choose").append(icon("add"));
byId("seed-clear").append(icon("close"));
byId("seed-clear").setAttribute("aria-label", "A new seed each time");
byId("seed-clear").title = "A new seed each time";

gallery.onAction({
  again: (entry) => {
    show("draw");
    draw.takeOver(entry);
  },
  ask: (entry) => {
    show("ask");
    attachments.attachEntry(entry);
    byId("question").focus();
  },
});
attachments.listen(() => show("ask"));
listenForKeys({show, stop: () => ask.stop() || draw.stopAll()});
settle();
watch();
