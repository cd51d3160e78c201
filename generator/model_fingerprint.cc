#include "generator/model_fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/digest.h"

namespace janus {
namespace {

// The files that loading reads, if they are there. What only people read must not tell models apart.
constexpr std::array kFiles = {"config.json",           "generation_config.json",  "preprocessor_config.json",
                               "processor_config.json", "tokenizer.json",          "tokenizer.model",
                               "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"};

// Training changes nearly every element of what it changes at all.
constexpr size_t kSampleBytes = 128;

class Fingerprint {
 public:
  // Its length goes before it, so that no two sequences of texts give the same bytes.
  void add(std::span<const std::byte> bytes) {
    const std::string length = fmt::format("{}:", bytes.size());
    digest_.add(std::as_bytes(std::span(length)));
    digest_.add(bytes);
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  std::string finish() { return digest_.finish().substr(0, 16); }

 private:
  Digest digest_{DigestKind::sha256};
};

// From the middle: beginnings and ends of embeddings belong to rare tokens, which training may leave alone.
std::span<const std::byte> sample_of(std::span<const std::byte> bytes) {
  const size_t size = std::min(bytes.size(), kSampleBytes);
  return bytes.subspan((bytes.size() - size) / 2, size);
}

}  // namespace

std::string model_fingerprint(const Checkpoint& checkpoint) {
  Fingerprint fingerprint;
  const FileSet& files = checkpoint.files();
  for (const char* file : kFiles) {
    if (!files.contains(file)) continue;
    fingerprint.add(file);
    fingerprint.add(files.read(file).bytes);
  }
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    fingerprint.add(name);
    fingerprint.add(tensor.type);
    fingerprint.add(tensor.shape.to_string());
    fingerprint.add(sample_of(tensor.data.bytes));
  }
  return fingerprint.finish();
}

}  // namespace janus
