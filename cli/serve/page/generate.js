// One image, asked for and watched while it grows.
import {Problem, stream} from "./api.js";
import {blobOf} from "./images.js";
import {can, isTiny, model} from "./server.js";

const atOnce = 4;  // a browser opens few connections to a server, and answers need one, too
let running = 0;
const waiting = [];

// settings: {prompt, seed, guidance, temperature, top_k, top_p, negative, best_of, model}. on.queue(n) says the
// place in the queue (0: it runs), on.partial({url, lines, all, candidate}) shows what there is. Returns {blob, seed, candidates}.
export async function generate(settings, on, signal) {
  await turn(signal);
  try {
    return await ask(settings, on, signal);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

function turn(signal) {
  const enter = () => { running += 1; };
  if (running < atOnce) return Promise.resolve(enter());
  return new Promise((resolve, reject) => {
    const go = () => resolve(enter());
    waiting.push(go);
    signal.addEventListener("abort", () => {
      const place = waiting.indexOf(go);
      if (place < 0) return;
      waiting.splice(place, 1);
      reject(signal.reason);
    });
  });
}

function bodyOf(settings) {
  const body = {model: settings.model, prompt: settings.prompt, n: 1, stream: true, output_format: "png",
                seed: settings.seed, guidance_scale: settings.guidance, temperature: settings.temperature};
  if (settings.top_k > 0) body.top_k = settings.top_k;
  if (settings.top_p < 1) body.top_p = settings.top_p;
  if (settings.negative) body.negative_prompt = settings.negative;
  if (settings.best_of > 1) body.best_of = settings.best_of;
  if (can("janus_preview_every")) body.janus_preview_every = previewEvery();
  else body.partial_images = 3;
  return body;
}

// Each row, where that costs little: on a CPU the decoder of a large model takes as long as some rows.
function previewEvery() {
  const device = model().janus?.device ?? "cpu";
  return isTiny() || !device.startsWith("cpu") ? 1 : 3;
}

async function ask(settings, on, signal) {
  const places = new Map();  // of each candidate
  for await (const {note, data} of stream("v1/images/generations", bodyOf(settings), signal)) {
    if (note) {
      places.set(note.candidate ?? 0, note.queue ?? 0);
      on.queue(Math.min(...places.values()));
    } else if (data.type === "image_generation.partial_image") {
      on.partial({blob: blobOf(data.b64_json, "image/png"), lines: data.lines, all: data.all_lines,
                  candidate: data.candidate ?? 0});
    } else if (data.type === "image_generation.completed") {
      return {blob: blobOf(data.b64_json, "image/png"), seed: data.seed ?? settings.seed,
              candidates: data.candidates ?? []};
    }
  }
  throw new Problem("The connection ended before the image was whole.");
}
