// Server-sent events, as the body of a reply to POST, which EventSource cannot ask for.

// Yields {data, name} of each event, and {note} of each comment that is `janus {...}`: the place in the queue.
export async function* eventsOf(response) {
  const decoder = new TextDecoder();
  let rest = "", name = "", data = [];
  for await (const bytes of chunksOf(response.body)) {
    rest += decoder.decode(bytes, {stream: true});
    const lines = rest.split(/\r\n|\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield {data: data.join("\n"), name};
        name = "";
        data = [];
      } else if (line.startsWith(":")) {
        const note = noteOf(line.slice(1));
        if (note) yield {note};
      } else {
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") data.push(value);
        if (field === "event") name = value;
      }
    }
  }
}

function noteOf(comment) {
  const text = comment.trim();
  if (!text.startsWith("janus {")) return null;
  try {
    return JSON.parse(text.slice(6));
  } catch {
    return null;
  }
}

// Streams are not iterable in every browser.
async function* chunksOf(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
