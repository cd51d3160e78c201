// What is wrong with a request, found when it is submitted.
#pragma once

#include "generator/engine/engine_options.h"
#include "generator/engine/request.h"

namespace janus {

class Model;

// Each throws Error naming the field, what was expected and what was found. Whether a prompt fits is found
// when it is made into ids.
void check_request(const Model& model, const AnswerRequest& request);
void check_request(const Model& model, const ImageRequest& request);
void check_request(const Model& model, const ScoreRequest& request);

void check_options(const EngineOptions& options);

}  // namespace janus
