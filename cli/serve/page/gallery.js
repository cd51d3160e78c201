// The images of this session, newest first, with every setting that made them.
import {copyText, announce, byId, element, quietButton, seedButton} from "./element.js";
import {download, fileName} from "./images.js";

const kind = "application/x-janus-image";  // of what is dragged
const entries = new Map();
let nextId = 1;
let actions = {};

// again(entry), ask(entry): what the buttons beside an image do.
export function onAction(given) {
  actions = given;
}

// settings: as generate() takes them, with the image's own seed. Returns the entry: {id, blob, url, settings,
// candidates, seconds, saved}.
export function add(blob, settings, candidates, seconds) {
  const id = String(nextId++);
  const entry = {id, blob, url: URL.createObjectURL(blob), settings, candidates, seconds, saved: false};
  entries.set(id, entry);
  byId("thumbs").prepend(thumb(entry));
  count();
  return entry;
}

export const name = ({settings}) => fileName(settings.prompt, settings.seed);

export function save(entry) {
  entry.saved = true;
  download(entry.blob, name(entry));
}

// The entry that is dragged here, if one is. While it is over a place only the kind is known.
export const isDragged = (transfer) => transfer?.types.includes(kind) ?? false;
export const dragged = (transfer) => entries.get(transfer?.getData(kind));

// Buttons for an image, wherever it is shown.
export function buttons(entry, ask = true) {
  return [
    quietButton("Again with this seed", () => actions.again(entry)),
    ...(ask ? [quietButton("Ask about it", () => actions.ask(entry))] : []),
    quietButton("Download", () => save(entry)),
  ];
}

function thumb(entry) {
  const {prompt, seed} = entry.settings;
  const open = element("button", {type: "button", title: `${prompt} (seed ${seed})`, "aria-haspopup": "dialog",
                                  draggable: "true", onclick: () => show(entry)},
                       element("img", {src: entry.url, alt: `${prompt}, seed ${seed}`, draggable: "false"}));
  open.addEventListener("dragstart", ({dataTransfer}) => {
    dataTransfer.setData(kind, entry.id);
    dataTransfer.setData("DownloadURL", `image/png:${name(entry)}:${entry.url}`);
    dataTransfer.effectAllowed = "copy";
  });
  return element("li", {"data-entry": entry.id}, open);
}

function facts({settings, candidates, seconds}) {
  const rows = [
    ["Negative prompt", settings.negative], ["Seed", seedButton(settings.seed, String(settings.seed))],
    ["Guidance", String(settings.guidance)], ["Temperature", String(settings.temperature)],
    ["Top-k", settings.top_k > 0 ? String(settings.top_k) : ""],
    ["Top-p", settings.top_p < 1 ? String(settings.top_p) : ""],
    ["Best of", settings.best_of > 1 ? String(settings.best_of) : ""],
    ["Seeds, best first", candidates.map(({seed}) => seed).join(", ")],
    ["Model", settings.model], ["Took", `${seconds.toFixed(1)} s`],
  ];
  return element("dl", {class: "facts"}, ...rows.filter(([, value]) => value !== "" && value !== undefined)
    .flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]));
}

function show(entry) {
  const dialog = byId("details");
  const close = (action) => () => { dialog.close(); action(); };
  const image = element("img", {src: entry.url, alt: `Generated image: ${entry.settings.prompt}`});
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= 160));
  byId("details-title").textContent = entry.settings.prompt;
  byId("details-body").replaceChildren(
    element("div", {class: "frame"}, image),
    element("div", {}, facts(entry), element("div", {class: "actions"},
      element("button", {type: "button", class: "primary", onclick: close(() => actions.again(entry))}, "Again with this seed"),
      element("button", {type: "button", onclick: close(() => actions.ask(entry))}, "Ask about it"),
      element("button", {type: "button", onclick: () => save(entry)}, "Download"),
      element("button", {type: "button", onclick: () => copySettings(entry)}, "Copy settings"),
      element("button", {type: "button", class: "quiet", onclick: close(() => remove(entry))}, "Remove"))));
  dialog.showModal();
}

async function copySettings({settings}) {
  const copied = await copyText(JSON.stringify(settings, null, 2));
  announce(copied ? "Settings copied" : "The browser did not let the settings be copied");
}

// The picture stays where it is shown elsewhere, so its address is kept.
function remove(entry) {
  entries.delete(entry.id);
  document.querySelector(`[data-entry="${entry.id}"]`)?.remove();
  count();
  announce("Image removed");
}

function count() {
  const text = entries.size > 0 ? String(entries.size) : "";
  byId("gallery-count").textContent = text;
  byId("gallery-count-nav").textContent = text;
  byId("gallery-empty").hidden = entries.size > 0;
}

// Images that nobody saved are lost with the page.
addEventListener("beforeunload", (event) => {
  if ([...entries.values()].some(({saved}) => !saved)) event.preventDefault();
});
