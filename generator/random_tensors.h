// Tensors of random weights, made in memory, by the roles of layers.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// Lists bf16 tensors, normally distributed so that activations keep their size through the layers. The same
// seed gives the same weights.
class RandomTensors {
 public:
  // measures: no tensor is made, only bytes() are counted.
  explicit RandomTensors(uint64_t seed, bool measures = false) : random_(seed), measures_(measures) {}

  int64_t bytes() const { return bytes_; }
  std::map<std::string, StoredTensor> take() { return std::move(tensors_); }

  // Products keep the size of their input: variance 1 / inputs.
  void weight(const std::string& name, const Shape& shape);
  void bias(const std::string& name, const Shape& shape);
  void linear(const std::string& name, int64_t in, int64_t out);
  void conv(const std::string& name, int64_t in, int64_t out, int64_t kernel);
  void rms_norm(const std::string& name, int64_t width);
  void norm(const std::string& name, int64_t width);

 private:
  void add(const std::string& name, const Shape& shape, float deviation, float mean);

  std::mt19937_64 random_;
  bool measures_;
  int64_t bytes_ = 0;
  std::map<std::string, StoredTensor> tensors_;
};

// The shapes that the released decoders have, under the names of one layout.
struct RandomDecoder {
  std::string model, lm_head;  // "model.language_model", "lm_head"
  int64_t hidden, intermediate, layers, vocabulary;
};
void add_random_decoder(RandomTensors& tensors, const RandomDecoder& decoder);

}  // namespace janus
