// Requests to the server that this page comes from, and what went wrong in words.
import {eventsOf} from "./events.js";
import {askForKey, key} from "./key.js";

export class Problem extends Error {
  constructor(words, {status = 0, retryAfter = 0} = {}) {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;  // seconds
  }
}

export const stopped = (error) => error.name === "AbortError";

// Paths are relative, so that the page works below a folder of another server, too. Throws Problem, or
// AbortError where `signal` ended it.
export async function request(path, {body, signal} = {}) {
  for (let refused = false;; refused = true) {
    const sent = key();
    const headers = sent ? {Authorization: `Bearer ${sent}`} : {};
    if (body) headers["Content-Type"] = "application/json";
    const response = await reached(fetch(path, {method: body ? "POST" : "GET", headers, signal,
                                                body: body && JSON.stringify(body), cache: "no-store"}));
    if (response.status === 401 && await askForKey(sent, refused)) continue;
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

export async function json(path, options) {
  return reached((await request(path, options)).json());
}

// The events of a stream; an error among them is thrown.
export async function* stream(path, body, signal) {
  const response = await request(path, {body, signal});
  const events = eventsOf(response);
  for (;;) {
    const {done, value} = await reached(events.next());
    if (done) return;
    if (value.note) {
      yield value;
    } else if (value.data !== "[DONE]") {
      const data = JSON.parse(value.data);
      const error = data.error ?? (data.type === "error" ? data : null);
      if (error) throw new Problem(error.message ?? "The server stopped with an error and no words for it.");
      yield {data};
    }
  }
}

// Browsers have other words for each way in which a connection fails.
async function reached(promise) {
  try {
    return await promise;
  } catch (error) {
    if (stopped(error)) throw error;
    document.dispatchEvent(new Event("server-away"));
    throw new Problem("The server does not answer, or the connection broke off. Is janus serve still running?");
  }
}

async function problemOf(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const text = await response.text().catch(() => "");
  let words = "";
  try {
    words = JSON.parse(text).error?.message ?? "";
  } catch {
    // Not an answer of janus: a proxy's page, whose markup helps nobody.
  }
  const later = retryAfter > 0 ? ` Try again in ${retryAfter} s.` : " Try again in a while.";
  const known = {
    401: "The server did not take the key, or wants one.",
    413: "That is more than the server takes in one request. Smaller or fewer images would fit.",
    429: "The queue of the server is full." + later,
    502: "Something between this page and the server found it away." + later,
    503: "The model is still loading." + later,
  };
  const fallback = known[response.status] ?? `The server answered with status ${response.status}.`;
  // Words of the server know more; a full queue and a start are no fault of the request.
  return new Problem([429, 503].includes(response.status) ? fallback : words || fallback,
                     {status: response.status, retryAfter});
}
