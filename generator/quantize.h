// A whole model as one GGUF file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/gguf.h"
#include "generator/model.h"

namespace janus {

// A matrix that got another type, because its rows are no whole number of blocks of the one asked for.
struct Fallback {
  std::string tensor;
  int64_t row = 0;  // the length of its rows
  DType dtype = DType::f32;
};

struct QuantizedTensor {
  std::string name;
  StoredTensor stored;
  DType dtype = DType::f32;
};

// The file to be written, known before anything is.
struct QuantizePlan {
  std::string header;  // of the GGUF file, up to the first tensor
  std::vector<QuantizedTensor> tensors;
  std::vector<Fallback> fallbacks;
  std::map<std::string, std::map<std::string, int64_t>> parts;  // part -> type -> bytes
  int64_t parameters = 0;
  int64_t bytes = 0;  // of the file
  // Of a model that draws with an autoencoder: whether one was found, which then goes along, and where.
  std::optional<bool> has_vae;
  std::string vae_path;
};

// Reads the checkpoint as open_model does, so that the file holds exactly what `types` would make of it in
// memory; tensors that no model reads are left out. `name` goes into the file as the model's; vae: where to
// look for the autoencoder of a model that draws with one. Throws Error as open_model does, and for names
// that are too long for the format.
QuantizePlan plan_quantize(const Checkpoint& checkpoint, const PartTypes& types, const std::string& name,
                           const VaePlaces& vae = {});

// The memory that write_quantized() takes beside the weights, which it reads where they are.
int64_t quantize_memory(const QuantizePlan& plan);

// Takes the file's bytes in order.
using ByteSink = std::function<void(std::span<const std::byte> bytes)>;

// Converts tensor by tensor, in pieces, with all threads of `device` (a CPU's), and hands the file to `sink`.
void write_quantized(const QuantizePlan& plan, Device& device, const ByteSink& sink,
                     const Progress& progress);

}  // namespace janus
