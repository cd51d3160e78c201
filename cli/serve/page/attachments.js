// The images that the next question is about: chosen, dropped, pasted, or drawn here.
import {announce, byId, element, icon} from "./element.js";
import * as gallery from "./gallery.js";
import {attachable, filesIn} from "./images.js";

let attached = [];
let pending = Promise.resolve();  // files are read one after the other, so that they keep their order

export const count = () => attached.length;

// All of them, once files that are still being read are there; none is left.
export async function take() {
  await pending;
  const taken = attached;
  attached = [];
  show();
  return taken;
}

export function put(images) {
  attached = [...images, ...attached];
  show();
}

export function attachFiles(files) {
  for (const file of files) attach(file, file.name || "pasted image");
  return files.length > 0;
}

export function attachEntry(entry) {
  attach(entry.blob, gallery.name(entry));
}

function attach(blob, name) {
  pending = pending.then(async () => {
    try {
      const image = await attachable(blob, name);
      attached.push(image);
      show();
      problem(image.note);
      announce(`${name} is attached`);
    } catch (error) {
      problem(error.message);
    }
  });
}

function problem(words) {
  const node = byId("attach-problem");
  node.textContent = words;
  node.hidden = words === "";
}

function show() {
  byId("attached").replaceChildren(...attached.map((image) => element("li", {},
    picture(image),
    element("button", {type: "button", class: "icon-button", "aria-label": `Remove ${image.name}`, onclick: () => {
      attached = attached.filter((other) => other !== image);
      show();
      byId("question").focus();
    }}, icon("close")))));
  byId("question").placeholder = attached.length > 0 ? "Describe this image." : "Ask a question";
}

// The image, or its name where the browser cannot show the format.
export function picture({name, url, shown}) {
  return shown ? element("img", {src: url, alt: name, title: name}) : element("span", {class: "file"}, name);
}

// Drops on the whole page, pastes and the buttons; `opened` is called before something is attached.
export function listen(opened) {
  const accepts = ({dataTransfer}) => dataTransfer?.types.includes("Files") || gallery.isDragged(dataTransfer);
  const over = (event) => {
    if (!accepts(event)) return;
    event.preventDefault();
    // The gallery is where a drag begins; the question appears as soon as the drag leaves it.
    if (gallery.isDragged(event.dataTransfer) && event.target.closest?.("#gallery")) return;
    document.body.classList.add("dropping");
    opened();
  };
  const left = () => document.body.classList.remove("dropping");
  addEventListener("dragover", over);
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) left(); });
  addEventListener("dragend", left);
  addEventListener("drop", (event) => {
    left();
    if (!accepts(event)) return;
    event.preventDefault();
    const entry = gallery.dragged(event.dataTransfer);
    if (entry) attachEntry(entry);
    else attachFiles(filesIn(event.dataTransfer));
    byId("question").focus();
  });
  addEventListener("paste", (event) => {
    const files = filesIn(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    opened();
    attachFiles(files);
  });
  const files = byId("files");
  files.addEventListener("change", () => {
    attachFiles([...files.files]);
    files.value = "";
    byId("question").focus();
  });
  for (const id of ["choose", "choose-first"]) byId(id).addEventListener("click", () => files.click());
}
