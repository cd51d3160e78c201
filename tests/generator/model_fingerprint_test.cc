// Fingerprints: the same for one model wherever it lies, another for every other model.
#include "generator/model_fingerprint.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/support/model_copy.h"

namespace janus {
namespace {

using test::ModelCopy;
using test::TestTensor;

std::string fingerprint_of(const ModelCopy& copy) { return model_fingerprint(Checkpoint::open(copy.path())); }

TEST(ModelFingerprint, IsTheSameWhereverTheModelLies) {
  const std::string plain = model_fingerprint(Checkpoint::open(test::golden_model("tied-mixed")));
  EXPECT_EQ(plain.size(), 16U);
  ModelCopy copy("tied-mixed");
  EXPECT_EQ(fingerprint_of(copy), plain);
  copy.write("README.md", std::string("what people read"));
  EXPECT_EQ(fingerprint_of(copy), plain);
  // The same tensors in two files, the later names first.
  const std::vector<TestTensor> tensors = copy.tensors();
  const auto middle = tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() / 2);
  copy.remove_weights();
  copy.write("model-00001-of-00002.safetensors", test::safetensors_file({middle, tensors.end()}));
  copy.write("model-00002-of-00002.safetensors", test::safetensors_file({tensors.begin(), middle}));
  EXPECT_EQ(fingerprint_of(copy), plain);
}

TEST(ModelFingerprint, TellsModelsApartThatAreAlikeInNamesAndSizes) {
  using Change = std::function<void(std::vector<TestTensor>&)>;
  const std::vector<Change> changes{[](auto& tensors) {
                                      for (char& byte : tensors[0].bytes)
                                        byte = static_cast<char>(byte ^ 1);  // one tensor trained on
                                    },
                                    [](auto& tensors) { tensors.back().name += "x"; },
                                    [](auto& tensors) { tensors.back().shape.push_back(1); },
                                    [](auto& tensors) { tensors.pop_back(); }};
  std::set<std::string> found{fingerprint_of(ModelCopy("tied-mixed")),
                              fingerprint_of(ModelCopy("janus-pro-1b"))};
  for (const Change& change : changes) {
    const ModelCopy copy("tied-mixed");
    std::vector<TestTensor> tensors = copy.tensors();
    change(tensors);
    copy.write_tensors(tensors);
    found.insert(fingerprint_of(copy));
  }
  const ModelCopy other_config("tied-mixed"), other_tokens("tied-mixed");
  other_config.change_config([](auto& config) { config["more"] = 1; });
  other_tokens.write("tokenizer_config.json", std::string("{}"));
  found.insert(fingerprint_of(other_config));
  found.insert(fingerprint_of(other_tokens));
  EXPECT_EQ(found.size(), 2 + changes.size() + 2);
}

}  // namespace
}  // namespace janus
