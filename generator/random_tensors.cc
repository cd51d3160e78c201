#include "generator/random_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace janus {
namespace {

constexpr float kBiasDeviation = 0.02F;

uint16_t to_bf16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace

void RandomTensors::weight(const std::string& name, const Shape& shape) {
  add(name, shape, 1.0F / std::sqrt(static_cast<float>(shape.elements() / shape[0])), 0.0F);
}

void RandomTensors::bias(const std::string& name, const Shape& shape) {
  add(name, shape, kBiasDeviation, 0.0F);
}

void RandomTensors::linear(const std::string& name, int64_t in, int64_t out) {
  weight(name + ".weight", {out, in});
  bias(name + ".bias", {out});
}

void RandomTensors::conv(const std::string& name, int64_t in, int64_t out, int64_t kernel) {
  weight(name + ".weight", {out, in, kernel, kernel});
  bias(name + ".bias", {out});
}

void RandomTensors::rms_norm(const std::string& name, int64_t width) {
  add(name + ".weight", {width}, kBiasDeviation, 1.0F);
}

void RandomTensors::norm(const std::string& name, int64_t width) {
  rms_norm(name, width);
  bias(name + ".bias", {width});
}

void RandomTensors::add(const std::string& name, const Shape& shape, float deviation, float mean) {
  const int64_t count = shape.elements();
  bytes_ += count * static_cast<int64_t>(sizeof(uint16_t));
  if (measures_) return;
  // One page of samples, repeated from a random place: gigabytes of normal samples would take minutes.
  constexpr int64_t kPage = 1 << 16;
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<uint16_t> page(std::min(count, kPage));
  for (uint16_t& value : page) value = to_bf16(normal(random_));

  const std::shared_ptr<uint16_t[]> values(new uint16_t[count]);
  for (int64_t done = 0; done < count;) {
    const auto from = static_cast<int64_t>(random_() % page.size());
    const int64_t length = std::min<int64_t>(count - done, static_cast<int64_t>(page.size()) - from);
    std::copy_n(page.begin() + from, length, values.get() + done);
    done += length;
  }
  StoredTensor tensor;
  tensor.type = "BF16";
  tensor.dtype = DType::bf16;
  tensor.shape = shape;
  tensor.data.bytes = std::as_bytes(std::span(values.get(), static_cast<size_t>(count)));
  tensor.data.owner = values;
  tensor.file = "memory";
  tensors_.emplace(name, std::move(tensor));
}

void add_random_decoder(RandomTensors& tensors, const RandomDecoder& decoder) {
  tensors.weight(decoder.model + ".embed_tokens.weight", {decoder.vocabulary, decoder.hidden});
  for (int64_t index = 0; index < decoder.layers; ++index) {
    const std::string layer = fmt::format("{}.layers.{}.", decoder.model, index);
    tensors.rms_norm(layer + "input_layernorm", decoder.hidden);
    tensors.rms_norm(layer + "post_attention_layernorm", decoder.hidden);
    for (const char* part : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      tensors.weight(layer + "self_attn." + part + ".weight", {decoder.hidden, decoder.hidden});
    }
    tensors.weight(layer + "mlp.gate_proj.weight", {decoder.intermediate, decoder.hidden});
    tensors.weight(layer + "mlp.up_proj.weight", {decoder.intermediate, decoder.hidden});
    tensors.weight(layer + "mlp.down_proj.weight", {decoder.hidden, decoder.intermediate});
  }
  tensors.rms_norm(decoder.model + ".norm", decoder.hidden);
  tensors.weight(decoder.lm_head + ".weight", {decoder.vocabulary, decoder.hidden});
}

}  // namespace janus
