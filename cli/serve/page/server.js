// What is known of the server: whether it is ready, and its models.
import {json} from "./api.js";
import {byId, element} from "./element.js";

const words = {ready: "ready", loading: "loading the model", away: "no answer", locked: "needs a key"};
const listeners = [];
let models = [];
let watching = false;

export const model = () => models.find((each) => each.id === byId("model").value) ?? models[0] ?? {id: ""};
export const isTiny = () => model().id === "janus-tiny";
export const can = (feature) => model().janus?.features?.includes(feature) ?? false;
export const whenModelChanges = (listener) => listeners.push(listener);

// Asks until the server is ready, then fills in the models.
export async function watch() {
  if (watching) return;
  watching = true;
  for (let state = ""; state !== "ready"; await pause(2000)) {
    state = await health();
    show(state);
    if (state === "ready") break;
  }
  try {
    if (models.length === 0) {
      models = (await json("v1/models")).data;
      fillIn();
    }
  } catch (problem) {
    show(problem.status === 401 ? "locked" : "away");
  } finally {
    watching = false;
  }
}

async function health() {
  try {
    const response = await fetch("health", {cache: "no-store"});
    if (response.ok) return "ready";
    return response.status === 503 ? "loading" : "away";
  } catch {
    return "away";
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function show(state) {
  const status = byId("status");
  status.dataset.state = state;
  if (status.textContent !== words[state]) status.textContent = words[state];
}

function fillIn() {
  const select = byId("model"), several = models.length > 1;
  select.replaceChildren(...models.map(({id}) => element("option", {value: id}, id)));
  select.hidden = !several;
  byId("model-name").hidden = several;
  byId("model-name").textContent = model().id;
  changed();
}

function changed() {
  document.title = `${model().id} · janus`;
  for (const note of document.querySelectorAll(".tiny-note")) note.hidden = !isTiny();
  for (const field of document.querySelectorAll("[data-feature]")) field.hidden = !can(field.dataset.feature);
  limit("#draw-form [name=best_of]", model().janus?.most_candidates);
  limit("#ask-form [name=max_tokens]", model().janus?.most_tokens);
  for (const listener of listeners) listener();
}

function limit(selector, most) {
  if (most) document.querySelector(selector).max = most;
}

byId("model").addEventListener("change", changed);
document.addEventListener("server-away", watch);
document.addEventListener("key-given", watch);
for (const note of document.querySelectorAll(".tiny-note")) {
  note.append(element("strong", {}, "janus-tiny"), " is built in and small. It knows flat coloured shapes, told as in “a red " +
              "circle left of a blue square on a white background”, and nothing else. For photographs and free prompts, " +
              "start the server with a larger model: ", element("code", {}, "janus serve -m Janus-Pro-1B"), ".");
}
