// Whatever the body of a request is, each protocol's reader takes it or refuses it with an ApiError in one
// line.
#include "cli/serve/access_log.h"
#include "cli/serve/admission.h"
#include "cli/serve/automatic1111/txt2img_request.h"
#include "cli/serve/ollama/ollama_request.h"
#include "cli/serve/openai/chat_request.h"
#include "cli/serve/openai/response_request.h"
#include "cli/serve/request_json.h"
#include "cli/serve/serve_limits.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/words_model.h"

namespace {

using namespace janus::cli;

// One pixel.
constexpr const char* kImage =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

const janus::Model& model() {
  static const janus::fuzz::WordsModel model;
  return model;
}

template <typename Read>
void refuse_or_take(const Read& read) {
  janus::fuzz::takes([&] {
    try {
      read();
    } catch (const ApiError& error) {
      janus::fuzz::require(error.status >= 400 && error.status <= 599, "a status that says so");
      throw;
    }
  });
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const std::string image = std::string("data:image/png;base64,") + kImage;
  return {
      R"({"model":"janus-tiny","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[)"
      R"({"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":")" +
          image +
          R"("}}]},{"role":"assistant","content":"A dot."},{"role":"user","content":"More?"}],)"
          R"("max_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":4,"seed":7,"stop":["x"],"n":2,)"
          R"("stream":true,"stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":3})",
      R"({"input":[{"role":"user","content":[{"type":"input_text","text":"Draw"},{"type":"input_image",)"
      R"("image_url":")" +
          image +
          R"("}]}],"tools":[{"type":"image_generation","size":"auto","partial_images":2}],"stream":true})",
      R"({"model":"janus-tiny:latest","messages":[{"role":"user","content":"What?","images":[")" +
          std::string(kImage) + R"("]}],"options":{"temperature":0,"seed":1,"num_predict":5,"stop":["a"]}})",
      R"({"prompt":"What?","images":[")" + std::string(kImage) + R"("],"stream":false,"raw":false})",
      R"({"prompt":"a red circle","negative_prompt":"","batch_size":2,"n_iter":1,"width":512,"height":512,)"
      R"("steps":20,"cfg_scale":5,"seed":-1,"sampler_name":"Euler"})",
      R"({"prompt":"a red circle","n":2,"size":"512x512","quality":"high","output_format":"webp",)"
      R"("output_compression":80,"seed":3,"guidance_scale":4.5,"stream":true,"partial_images":3})",
  };
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ServeLimits limits;
  KnownImages known(/*most_bytes=*/0);  // an input means the same whatever came before it
  (void)without_images(text);
  (void)host_of(text);
  refuse_or_take([&] {
    const nlohmann::json body = parse_body(text);
    refuse_or_take([&] { (void)read_chat_request(body, model(), known, limits); });
    refuse_or_take([&] { (void)read_response_request(body, model(), known, limits); });
    for (const OllamaKind kind : {OllamaKind::chat, OllamaKind::generate}) {
      refuse_or_take([&] {
        const RequestFields fields(body);
        (void)ollama_answer_request(read_ollama(kind, fields, limits), fields, model(), known, limits);
      });
    }
    refuse_or_take([&] { (void)read_txt2img(body, limits); });
    refuse_or_take([&] {
      const RequestFields fields(body);
      (void)read_image_fields(fields, fields.required_text("prompt"), "prompt", model(), limits);
    });
  });
  return 0;
}
