// OpenAI's interface: what its parts share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/io/json_output.h"
#include "cli/serve/request_json.h"
#include "cli/serve/service.h"

namespace janus::cli {

// Adds a handler under /v1 and, as many clients leave that out, without it.
void add_path(Router& router, const std::string& method, const std::string& path, const Handler& handler,
              RouteTraits traits = {});

void add_chat_completions(Router& router, Service& service);
void add_image_generations(Router& router, Service& service);
void add_responses(Router& router, Service& service);
void add_models(Router& router, Service& service);
void add_embeddings(Router& router, Service& service);
// What OpenAI's servers have and this one has not: 501 with the reason.
void add_unsupported(Router& router);

// "chatcmpl-" and other prefixes with 24 random letters.
std::string new_id(const std::string& prefix);
// Seconds since 1970.
int64_t now_s();

// Reads a JSON body and runs `work` with it and the model that it names, on a worker.
using ModelWork = std::function<void(const nlohmann::json& body, const std::shared_ptr<ServedModel>& model)>;
void with_body_and_model(Service& service, const std::shared_ptr<Exchange>& exchange, ModelWork work);

}  // namespace janus::cli
