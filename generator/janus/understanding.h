// Pictures and a question in, text out.
// Source: deepseek-ai/Janus, inference.py and models/modeling_vlm.py (prepare_inputs_embeds).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "generator/janus/janus_networks.h"
#include "generator/model.h"
#include "generator/prompt.h"

namespace janus {

// Throws Error where a prompt of `tokens`, one of the answer included, does not fit the context.
void check_context(const JanusNetworks& networks, int64_t tokens);

// Features after the tower and embeddings after the aligner of one picture. -> [1, N, width], [1, N, D].
Tensor picture_features(const JanusNetworks& networks, const Image& image, const LayerHook& on_layer = {});
Tensor picture_embeddings(const JanusNetworks& networks, const Image& image, const LayerHook& on_layer = {});

// Embeddings of a conversation: tokens looked up, then the places of the placeholder overwritten by the
// pictures in order. -> [1, T, D]. Throws Error if the places are not as many as the pictures' embeddings.
Tensor merge_embeddings(const JanusNetworks& networks, std::span<const int32_t> ids, int32_t placeholder,
                        std::span<const Tensor> pictures);

// Draws tokens until `end_id`, max_tokens or the context's end; `on_token` sees each that belongs to the
// answer. Throws Error where the prompt alone fills the context.
Answer answer(const JanusNetworks& networks, std::span<const Image> images,
              std::span<const int32_t> prompt_ids, const SpecialIds& special, const DescribeOptions& options,
              const std::function<void(int32_t)>& on_token, const Progress& progress);

// The same behind what row 0 of `cache` holds already, and for as long as it has room. On return the cache
// holds the prompt and every token drawn but the last.
Answer continue_answer(const JanusNetworks& networks, std::span<const Image> images,
                       std::span<const int32_t> prompt_ids, const SpecialIds& special,
                       const DescribeOptions& options, KvCache& cache,
                       const std::function<void(int32_t)>& on_token, const Progress& progress);

// Log-probabilities of each of `answers` behind the prompt, teacher-forced; pictures and prompt are read
// once.
std::vector<Score> score_answers(const JanusNetworks& networks, std::span<const Image> images,
                                 std::span<const int32_t> prompt_ids, const SpecialIds& special,
                                 std::span<const std::vector<int32_t>> answers);

}  // namespace janus
