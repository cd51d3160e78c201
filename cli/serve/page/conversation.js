// What was said, as the API takes it.
import {Problem, stream} from "./api.js";

// turns: [{text, images, answer}] so far; `question` is {text, images}. Images of a question stand before it.
function messagesOf(turns, question) {
  const user = ({text, images}) => ({
    role: "user",
    content: images.length === 0 ? text
      : [...images.map(({data}) => ({type: "image_url", image_url: {url: data}})), {type: "text", text}],
  });
  return [...turns.flatMap((turn) => [user(turn), {role: "assistant", content: turn.answer}]), user(question)];
}

// Calls on.queue(n) and on.text(piece); returns {text, reason, tokens}. settings: {model, temperature, top_p,
// seed, max_tokens}.
export async function answer(turns, question, settings, on, signal) {
  const body = {...settings, messages: messagesOf(turns, question), stream: true, stream_options: {include_usage: true}};
  let text = "", reason = "", tokens = 0;
  for await (const {note, data} of stream("v1/chat/completions", body, signal)) {
    if (note) {
      on.queue(note.queue ?? 0);
      continue;
    }
    const choice = data.choices?.[0];
    const piece = choice?.delta?.content ?? "";
    text += piece;
    if (piece) on.text(piece);
    reason = choice?.finish_reason ?? reason;
    tokens = data.usage?.completion_tokens ?? tokens;
  }
  if (reason === "") throw new Problem("The connection ended before the answer was whole.");
  return {text, reason, tokens};
}
