// How the sink of an answer ends it.
#pragma once

namespace janus {

// Thrown by AnswerSink::on_text: the answer ends behind the token that is being told, as if the model had
// ended it there, and on_done follows. From any other function of a sink it ends the request with an error.
struct Enough {};

}  // namespace janus
