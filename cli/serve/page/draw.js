// The view in which a prompt becomes images.
import {stopped} from "./api.js";
import {announce, byId, element, quietButton} from "./element.js";
import * as gallery from "./gallery.js";
import {generate} from "./generate.js";
import {GrowingImage} from "./growing_image.js";
import {seedIn, seedOf} from "./seeds.js";
import {can, isTiny, model, whenModelChanges} from "./server.js";

const form = byId("draw-form");
const fields = form.elements;
const running = new Set();  // AbortControllers of images under way

const examples = {
  tiny: ["a red circle left of a blue square on a white background", "a large yellow star on a black background",
         "a green ring above a purple cross on a gray background"],
  other: ["a watercolour of a lighthouse at dawn", "a red fox asleep in autumn leaves, photograph",
          "a bowl of lemons on a blue table, oil painting"],
};

// The settings of the form, without a seed.
function settingsOf() {
  const number = (name) => Number(fields[name].value);
  return {prompt: fields.prompt.value.trim(), guidance: number("guidance"), temperature: number("temperature"),
          top_k: number("top_k"), top_p: number("top_p"),
          negative: can("negative_prompt") ? fields.negative.value.trim() : "",
          best_of: can("best_of") ? number("best_of") : 1, model: model().id};
}

// What a prompt in the conversation is drawn with: the same settings, so that nothing has to be set twice.
export function settingsFor(prompt, seed) {
  return {...settingsOf(), prompt, seed};
}

// Draws one image into a new figure. done(entry) comes with the image; `after` is what its buttons are.
export function drawInto(place, settings, label, {done = () => {}, after = gallery.buttons} = {}) {
  const controller = new AbortController();
  const figure = new GrowingImage({prompt: settings.prompt, seed: settings.seed, label, candidates: settings.best_of});
  const begun = performance.now();
  const again = () => figure.node.replaceWith(drawInto(null, settings, label, {done, after}).node);
  figure.actions(quietButton("Stop", () => controller.abort(), {"aria-label": `Stop: ${label}`}));
  place?.append(figure.node);
  running.add(controller);
  const finished = generate(settings, {queue: (n) => figure.queue(n), partial: (image) => figure.partial(image)}, controller.signal)
    .then(({blob, seed, candidates}) => {
      const entry = gallery.add(blob, {...settings, seed}, candidates, (performance.now() - begun) / 1000);
      figure.done(entry.url, ...after(entry));
      done(entry);
      return true;
    })
    .catch((problem) => {
      const words = stopped(problem) ? "" : problem.message;
      figure.failed(words, quietButton("Try again", again));
      return false;
    })
    .finally(() => {
      running.delete(controller);
      show();
    });
  show();
  return {node: figure.node, finished};
}

export function stopAll() {
  const any = running.size > 0;
  for (const controller of running) controller.abort();
  return any;
}

async function start() {
  const first = seedIn(fields.seed);
  if (first === null) return;
  const settings = settingsOf();
  if (settings.prompt === "") return;
  const count = Number(fields.count.value);
  const stage = byId("stage");
  stage.replaceChildren();
  stage.dataset.count = count;
  announce(count > 1 ? `Drawing ${count} images` : "Drawing");
  const results = await Promise.all(Array.from({length: count}, (_, k) => {
    const own = {...settings, seed: seedOf(first, k * settings.best_of)};
    return drawInto(stage, own, count > 1 ? `image ${k + 1} of ${count}` : "image").finished;
  }));
  const made = results.filter(Boolean).length;
  announce(made === 1 ? "The image is done" : `${made} of ${count} images are done`);
}

// The button is what stops while something is drawn.
function show() {
  const button = byId("draw-start");
  button.textContent = running.size > 0 ? "Stop" : "Draw";
  button.classList.toggle("primary", running.size === 0);
}

function fill(prompt) {
  fields.prompt.value = prompt;
  fields.prompt.dispatchEvent(new Event("input"));  // it takes the height of its text
  fields.prompt.focus();
}

// Puts the settings of an image into the form; its seed among them.
export function takeOver({settings}) {
  fields.seed.value = settings.seed;
  fields.guidance.value = settings.guidance;
  fields.temperature.value = settings.temperature;
  fields.top_k.value = settings.top_k;
  fields.top_p.value = settings.top_p;
  fields.negative.value = settings.negative;
  fields.count.value = 1;
  fields.best_of.value = 1;  // that seed alone gives the best again
  byId("draw-more").open = settings.top_k > 0 || settings.top_p < 1 || settings.negative !== "";
  seedChanged();
  fill(settings.prompt);
  announce(`Seed ${settings.seed} and the settings of the image are filled in`);
}

function seedChanged() {
  fields.seed.setCustomValidity("");
  byId("seed-clear").hidden = fields.seed.value === "";
}

function showExamples() {
  byId("draw-examples").replaceChildren(...examples[isTiny() ? "tiny" : "other"].map((text) => element("li", {},
    element("button", {type: "button", onclick: () => fill(text)}, text))));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  // Enter has no button: it starts, but does not throw away what is being drawn.
  if (running.size === 0) start();
  else if (event.submitter) stopAll();
  else announce("Still drawing; Escape stops it");
});
fields.seed.addEventListener("input", seedChanged);
byId("seed-clear").addEventListener("click", () => {
  fields.seed.value = "";
  seedChanged();
  fields.seed.focus();
});
whenModelChanges(showExamples);
