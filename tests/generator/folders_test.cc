// Model folders as other programs save them: each gives what the plain folder gives.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "core/base/half.h"
#include "tests/core/torch_file.h"
#include "tests/support/model_copy.h"

namespace janus {
namespace {

using nlohmann::json;
using test::answer_score;
using test::error_of;
using test::expect_error;
using test::ModelCopy;
using test::TestTensor;

using Tensors = std::vector<TestTensor>;
using Rename = std::function<std::string(const std::string&)>;

Tensors renamed(Tensors tensors, const Rename& rename) {
  for (TestTensor& tensor : tensors) tensor.name = rename(tensor.name);
  return tensors;
}

// The score, and what was noted on the way.
struct Opened {
  double score = 0;
  std::string notes;
};
Opened opened(const ModelCopy& copy) {
  const Checkpoint checkpoint = Checkpoint::open(copy.path());
  const auto model = ModelCopy::open(checkpoint);
  Opened result{.score = answer_score(*model), .notes = {}};
  for (const std::string& note : checkpoint.take_notes()) result.notes += note + "\n";
  return result;
}

void expect_same(const ModelCopy& copy, double expected, const std::string& note) {
  const Opened found = opened(copy);
  EXPECT_EQ(found.score, expected);
  if (note.empty()) {
    EXPECT_EQ(found.notes, "");
  } else {
    EXPECT_NE(found.notes.find(note), std::string::npos) << note << " is not in " << found.notes;
  }
}

std::string without(const std::string& name, const std::string& prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string replaced(std::string name, const std::string& from, const std::string& to) {
  const size_t at = name.find(from);
  return at == name.npos ? name : name.replace(at, from.size(), to);
}

TEST(Folders, PrefixesOfWrappersAreTakenOut) {
  const ModelCopy copy("janus-1.3b");
  const Tensors plain = copy.tensors();
  const auto [expected, none] = opened(copy);
  EXPECT_EQ(none, "");
  for (const char* prefix : {"_orig_mod.", "module.", "base_model.model.", "module._orig_mod.",
                             "_fsdp_wrapped_module.", "_forward_module."}) {
    copy.write_tensors(renamed(plain, [&](const std::string& name) { return prefix + name; }));
    expect_same(copy, expected, "read without");
  }
  copy.write_tensors(renamed(plain, [](const std::string& name) {
    return replaced(name, "language_model.", "language_model._orig_mod.");
  }));
  expect_same(copy, expected, "read without _orig_mod.");
  copy.write_tensors(renamed(plain, [](const std::string& name) {
    return replaced(name, "layers.0.", "layers.0._checkpoint_wrapped_module.");
  }));
  expect_same(copy, expected, "_checkpoint_wrapped_module.");
}

TEST(Folders, ATensorWithAndWithoutAPrefixIsRefused) {
  const ModelCopy copy("janus-1.3b");
  Tensors tensors = copy.tensors();
  TestTensor twice = tensors.front();
  twice.name = "_orig_mod." + twice.name;
  tensors.push_back(twice);
  copy.write_tensors(tensors);
  expect_error(error_of([&] { copy.open(); }), {"each tensor once", twice.name, "remove one"});
}

TEST(Folders, TheOutermostModuleMayBeMissing) {
  const ModelCopy copy("grouped-query");
  const Tensors plain = copy.tensors();
  const double expected = opened(copy).score;
  copy.write_tensors(renamed(plain, [](const std::string& name) { return without(name, "model."); }));
  expect_same(copy, expected, "under other names");
  copy.write_tensors(renamed(plain, [](const std::string& name) {
    return replaced(name, "model.language_model.", "language_model.model.");
  }));
  expect_same(copy, expected, "under other names");
  copy.write_tensors(renamed(plain, [](const std::string& name) {
    return name.starts_with("lm_head.") ? "language_model." + name : name;
  }));
  expect_same(copy, expected, "language_model.lm_head.weight is read as lm_head.weight");

  const ModelCopy original("janus-1.3b");
  const Tensors parts = original.tensors();
  const double score = opened(original).score;
  original.write_tensors(renamed(parts, [](const std::string& name) { return "model." + name; }));
  expect_same(original, score, "under other names");
  original.write_tensors(renamed(parts, [](const std::string& name) {
    return replaced(name, "language_model.model.", "language_model.");
  }));
  expect_same(original, score, "under other names");
  original.write_tensors(
      renamed(parts, [](const std::string& name) { return without(name, "language_model."); }));
  expect_same(original, score, "under other names");
}

// Embeddings and head alike, of which one is stored.
void expect_tied(const char* name, const std::string& embeddings, const std::string& head, const char* part) {
  const ModelCopy copy(name);
  Tensors body = copy.tensors();
  std::erase_if(body, [&](const TestTensor& tensor) { return tensor.name == head; });
  TestTensor matrix;
  for (const TestTensor& tensor : body) {
    if (tensor.name == embeddings) matrix = tensor;
  }
  std::erase_if(body, [&](const TestTensor& tensor) { return tensor.name == embeddings; });
  const auto store = [&](const std::vector<std::string>& names) {
    Tensors all = body;
    for (const std::string& stored : names) {
      all.push_back(matrix);
      all.back().name = stored;
    }
    copy.write_tensors(all);
  };
  store({embeddings, head});
  const double expected = opened(copy).score;
  for (const json& flag : {json(true), json(false), json()}) {
    copy.change_config([&](json& config) {
      config["tie_word_embeddings"] = flag;
      config[part]["tie_word_embeddings"] = flag;
      if (flag.is_null()) config.erase("tie_word_embeddings");
      if (flag.is_null()) config[part].erase("tie_word_embeddings");
    });
    store({head});
    expect_same(copy, expected, embeddings + " is not stored");
    store({embeddings});
    const bool silent = flag == true || (flag.is_null() && std::string(part) == "text_config");
    expect_same(copy, expected, silent ? "" : head + " is not stored");
  }
  store({});
  expect_error(error_of([&] { copy.open(); }), {embeddings, "expected this tensor"});
}

TEST(Folders, TiedWeightsLieUnderEitherName) {
  expect_tied("tied-mixed", "model.language_model.embed_tokens.weight", "lm_head.weight", "text_config");
  expect_tied("janus-1.3b", "language_model.model.embed_tokens.weight", "language_model.lm_head.weight",
              "language_config");
}

// The elements as f64.
std::string doubles(const TestTensor& tensor) {
  const size_t size = tensor.type == "F32" ? 4 : 2;
  std::vector<double> values;
  for (size_t at = 0; at < tensor.bytes.size(); at += size) {
    if (size == 4) {
      float value = 0;
      std::memcpy(&value, tensor.bytes.data() + at, size);
      values.push_back(value);
    } else {
      uint16_t bits = 0;
      std::memcpy(&bits, tensor.bytes.data() + at, size);
      values.push_back(tensor.type == "BF16" ? from_bf16(bits) : from_f16(bits));
    }
  }
  return test::bytes_of(values);
}

TEST(Folders, DoublesAreRounded) {
  const ModelCopy copy("janus-1.3b");
  const double expected = opened(copy).score;
  Tensors tensors = copy.tensors();
  std::vector<test::TorchTensor> pickled;
  for (TestTensor& tensor : tensors) {
    if (tensor.type != "F32" && tensor.type != "BF16" && tensor.type != "F16") continue;
    tensor.bytes = doubles(tensor);
    tensor.type = "F64";
    pickled.push_back(
        {.name = tensor.name, .type = "DoubleStorage", .sizes = tensor.shape, .bytes = tensor.bytes});
  }
  copy.write_tensors(tensors);
  expect_same(copy, expected, "");
  copy.remove_weights();
  copy.write("pytorch_model.bin", test::torch_file(pickled));
  expect_same(copy, expected, "");
}

TEST(Folders, AnIndexNamesFilesAndNothingMore) {
  const ModelCopy copy("grouped-query");
  const double expected = opened(copy).score;
  const std::string file = "model.safetensors.index.json";
  const json index = copy.read(file);
  const auto with = [&](const std::function<void(json & weight_map)>& change) {
    json changed = index;
    change(changed["weight_map"]);
    copy.write(file, changed);
    expect_same(copy, expected, "");
  };
  with([](json& map) {
    for (auto& entry : map) entry = "./" + entry.get<std::string>();
  });
  with([](json& map) { map["absent.weight"] = "model-00001-of-00002.safetensors"; });
  with([](json& map) { map.erase("lm_head.weight"); });
  with([](json& map) {  // every tensor in the other file
    for (auto& entry : map) {
      const bool first = entry == "model-00001-of-00002.safetensors";
      entry = first ? "model-00002-of-00002.safetensors" : "model-00001-of-00002.safetensors";
    }
  });
  with([](json& map) {  // the second file is nowhere
    for (auto entry = map.begin(); entry != map.end();) {
      entry = *entry == "model-00002-of-00002.safetensors" ? map.erase(entry) : std::next(entry);
    }
  });
}

TEST(Folders, OfTwoSavesTheOneIsReadThatTransformersReads) {
  const ModelCopy copy("grouped-query");
  const double sharded = opened(copy).score;
  Tensors other = copy.tensors();
  for (TestTensor& tensor : other) {
    if (tensor.name == "model.language_model.norm.weight") {
      for (size_t at = 0; at < tensor.bytes.size(); at += 2)
        std::swap(tensor.bytes[at], tensor.bytes[at + 1]);
      tensor.bytes.assign(tensor.bytes.size(), '\x3F');
    }
  }
  copy.write("model.safetensors", test::safetensors_file(other));
  const Opened whole = opened(copy);
  EXPECT_NE(whole.score, sharded);
  EXPECT_NE(
      whole.notes.find("weights: model.safetensors read, passed over: model-00001-of-00002.safetensors"),
      std::string::npos)
      << whole.notes;
  copy.remove("model-00002-of-00002.safetensors");
  expect_same(copy, whole.score,
              "model.safetensors.index.json (names model-00002-of-00002.safetensors, not there)");
  copy.remove("model.safetensors");
  expect_error(
      error_of([&] { copy.open(); }),
      {"expected model-00002-of-00002.safetensors, which model.safetensors.index.json names", "download"});
}

TEST(Folders, AnotherFamilyIsNamedBeforeItsWeights) {
  const ModelCopy copy("janus-1.3b");
  copy.change_config([](json& config) {
    config["model_type"] = "llava";
    config["quantization_config"] = {{"quant_method", "awq"}};
  });
  copy.remove_weights();
  expect_error(error_of([&] { check_family(FileSet::folder(copy.path())); }),
               {"config.json", "\"llava\"", "Janus"});
}

}  // namespace
}  // namespace janus
