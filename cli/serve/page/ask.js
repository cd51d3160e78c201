// The view of the conversation: questions about images, and images drawn between them.
import {stopped} from "./api.js";
import * as attachments from "./attachments.js";
import {answer} from "./conversation.js";
import {drawInto, settingsFor} from "./draw.js";
import {announce, byId, copyText, element, placeText, quietButton} from "./element.js";
import * as gallery from "./gallery.js";
import {newSeed, seedIn} from "./seeds.js";
import {model} from "./server.js";

const form = byId("ask-form");
const fields = form.elements;
const log = byId("log");
let turns = [];         // what the next question goes on from
let controller = null;  // of the answer under way

function settingsOf(seed) {
  const temperature = Number(fields.temperature.value);
  const settings = {model: model().id, temperature, max_tokens: Number(fields.max_tokens.value)};
  if (Number(fields.top_p.value) < 1) settings.top_p = Number(fields.top_p.value);
  if (temperature > 0) settings.seed = seed;
  return settings;
}

function userTurn(text, images) {
  const node = element("div", {class: "turn user"}, element("span", {class: "hidden"}, "You: "));
  if (images.length > 0) node.append(element("ul", {}, ...images.map((image) => element("li", {}, attachments.picture(image)))));
  node.append(element("div", {class: "said"}, text));
  return node;
}

async function ask() {
  const seed = seedIn(fields.seed);
  if (seed === null || !form.reportValidity()) return;
  const images = await attachments.take();
  const text = fields.question.value.trim() || (images.length > 0 ? "Describe this image." : "");
  if (text === "") return fields.question.focus();
  empty();
  await put({text, images}, settingsOf(seed));
}

async function put(question, settings) {
  const said = element("div", {class: "said"}), under = element("div", {class: "under"});
  const reply = element("div", {class: "turn busy", "aria-busy": "true"}, element("span", {class: "hidden"}, "Answer: "), said, under);
  const asked = userTurn(question.text, question.images);
  said.dataset.waiting = "reading";
  log.append(asked, reply);
  follows = true;
  const begun = performance.now();
  controller = new AbortController();
  show();
  try {
    const {text, reason, tokens} = await answer(turns, question, settings, {
      queue: (place) => { said.dataset.waiting = placeText(place) || "reading"; },
      text: (piece) => said.append(piece),
    }, controller.signal);
    const turn = {...question, answer: text, nodes: [asked, reply]};
    turns.push(turn);
    announce(text);
    const seconds = (performance.now() - begun) / 1000;
    under.append(facts(tokens, seconds, reason, settings), ...answerButtons(turn, settings));
  } catch (problem) {
    // As in `janus chat`: what has no whole answer is no part of the conversation, and may be asked again.
    for (const node of [asked, reply]) node.classList.add("apart");
    const words = stopped(problem) ? "stopped; not part of the conversation" : problem.message;
    under.append(element("span", stopped(problem) ? {} : {class: "problem", role: "alert"}, words));
    attachments.put(question.images);
    if (fields.question.value === "") fill(question.text);
  } finally {
    controller = null;
    reply.classList.remove("busy");
    reply.removeAttribute("aria-busy");
    show();
  }
}

function facts(tokens, seconds, reason, settings) {
  const parts = [`${tokens > 0 ? `${tokens} tokens, ` : ""}${seconds.toFixed(1)} s`];
  if (reason === "length") parts.push("cut at the longest answer");
  if (settings.seed !== undefined) parts.push(`seed ${settings.seed}`);
  return element("span", {}, parts.join(" · "));
}

function answerButtons(turn, settings) {
  const copy = quietButton("Copy", async () => announce(await copyText(turn.answer) ? "Answer copied" : "The browser did not let the answer be copied"));
  const again = quietButton("Ask again", () => {
    if (controller || !withdraw(turn)) return;
    const fixed = fields.seed.value.trim() !== "";
    put({text: turn.text, images: turn.images}, settingsOf(fixed ? seedIn(fields.seed) ?? settings.seed : newSeed()));
  });
  const back = quietButton("Take back", () => {
    if (controller || !withdraw(turn)) return;
    attachments.put(turn.images);
    fill(turn.text);
    fields.question.focus();
  });
  return [copy, again, back];
}

// Only the last turn: what follows another one was said because of it.
function withdraw(turn) {
  if (turns.at(-1) !== turn) {
    announce("Only the last question can be taken back");
    return false;
  }
  turns.pop();
  for (const node of turn.nodes) node.remove();
  show();
  return true;
}

// An image of the text, which the next question is about.
function draw() {
  const seed = seedIn(fields.seed);
  const prompt = fields.question.value.trim().replace(/^\/(draw|generate)\s+/, "");
  if (seed === null) return;
  if (prompt === "") return fields.question.focus();
  empty();
  const place = element("div", {class: "turn"});
  log.append(userTurn(`Draw: ${prompt}`, []), place);
  announce("Drawing");
  drawInto(place, settingsFor(prompt, seed), "image", {
    done: (entry) => {
      attachments.attachEntry(entry);
      announce("The image is done, and the next question is about it");
    },
    after: (entry) => gallery.buttons(entry, true),
  });
  show();
  follows = true;
}

function fill(text) {
  fields.question.value = text;
  fields.question.dispatchEvent(new Event("input"));
}
const empty = () => fill("");

// Follows what grows, until the reader scrolls up.
const page = document.scrollingElement;
let follows = true;
let lastTop = 0;
new ResizeObserver(() => {
  if (follows && document.body.dataset.view === "ask") page.scrollTop = page.scrollHeight;
}).observe(byId("ask"));
addEventListener("scroll", () => {
  if (page.scrollHeight - page.scrollTop - page.clientHeight < 80) follows = true;
  else if (page.scrollTop < lastTop) follows = false;
  lastTop = page.scrollTop;
}, {passive: true});

function show() {
  const button = byId("ask-send");
  button.textContent = controller ? "Stop" : "Ask";
  button.classList.toggle("primary", !controller);
  byId("new-chat").hidden = log.childElementCount === 0;
}

export function stop() {
  controller?.abort();
  return controller !== null;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (controller) {
    if (event.submitter) stop();
    else announce("Still answering; Escape stops it");
    return;
  }
  if (/^\/(draw|generate)\s/.test(fields.question.value)) draw();
  else ask();
});
byId("ask-draw").addEventListener("click", draw);
fields.question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    draw();
  }
});
byId("new-chat").addEventListener("click", () => {
  stop();
  turns = [];
  log.replaceChildren();
  show();
  fields.question.focus();
  announce("A new conversation");
});
