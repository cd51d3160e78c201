#include "core/checkpoint/foreign_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr const char* kAdvice = "take the unquantised model; janus quantize makes it small";

// What a method calls itself, where that is not how it is written.
std::string method_name(const std::string& method) {
  static const std::map<std::string, std::string> written{{"gptq", "GPTQ"},
                                                          {"awq", "AWQ"},
                                                          {"hqq", "HQQ"},
                                                          {"mlx", "MLX"},
                                                          {"aqlm", "AQLM"},
                                                          {"eetq", "EETQ"},
                                                          {"fbgemm_fp8", "FBGEMM fp8"},
                                                          {"modelopt", "NVIDIA ModelOpt"}};
  const auto known = written.find(method);
  if (known != written.end()) return known->second;
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == ' '; };
  return method.size() < 40 && std::all_of(method.begin(), method.end(), plain) ? method : excerpt(method);
}

// The method of a quantization_config; empty where it says that nothing is quantised.
std::string method_of(const nlohmann::json& found) {
  if (found.empty()) return {};  // null, too
  if (!found.is_object()) return "a method that it does not name";
  const auto flag = [&](const char* key) {
    const auto value = found.find(key);
    return value != found.end() && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
  };
  const bool bits = flag("load_in_8bit").value_or(false) || flag("load_in_4bit").value_or(false) ||
                    flag("_load_in_8bit").value_or(false) || flag("_load_in_4bit").value_or(false);
  const auto method = found.find("quant_method");
  const std::string name = method != found.end() && method->is_string() ? method->get<std::string>() : "";
  const bool told = flag("load_in_8bit").has_value() || flag("load_in_4bit").has_value();
  if (name.empty() ? told : name == "bitsandbytes") return bits || !told ? "bitsandbytes" : "";
  if (!name.empty()) return name;
  if (found.contains("group_size") && found.contains("bits")) return "mlx";
  return "a method that it does not name";
}

// At the top of config.json or of one of its parts.
struct Found {
  std::string method, key;
};
Found find_method(const nlohmann::json& config, const std::string& prefix, int depth) {
  for (const char* key : {"quantization_config", "quantization", "compression_config"}) {
    const auto found = config.find(key);
    const std::string method = found != config.end() ? method_of(*found) : std::string();
    if (!method.empty()) return {method, prefix + key};
  }
  if (depth == 0) return {};
  for (const auto& [key, value] : config.items()) {
    if (!value.is_object()) continue;
    Found inner = find_method(value, prefix + key + ": ", depth - 1);
    if (!inner.method.empty()) return inner;
  }
  return {};
}

// What a tensor's name ends with, or holds, where a method has stored it.
struct Trace {
  std::string_view text;
  bool at_end;
  const char* method;
};
constexpr std::array<Trace, 18> kTraces{{
    {".quant_state.bitsandbytes__", false, "bitsandbytes"},
    {".weight.absmax", true, "bitsandbytes"},
    {".weight.quant_map", true, "bitsandbytes"},
    {".SCB", true, "bitsandbytes"},
    {".weight_format", true, "bitsandbytes"},
    {".g_idx", true, "GPTQ"},
    {".qweight", true, "GPTQ or AWQ"},
    {".qzeros", true, "GPTQ or AWQ"},
    {".weight_packed", true, "compressed-tensors"},
    {".weight_scale_inv", true, "fp8"},
    {".weight_scale", true, "fp8 or compressed-tensors"},
    {".input_scale", true, "fp8 or compressed-tensors"},
    {".W_q", true, "HQQ"},
    {".weight._data", true, "quanto"},
    {".weight._scale", true, "quanto"},
    {".weight:_data", true, "torchao"},
    {".weight:_scale", true, "torchao"},
    {".scales", true, "MLX, GPTQ or AWQ"},
}};

constexpr std::array<std::string_view, 6> kAdapterTraces{
    ".lora_A.",     ".lora_B.",          ".lora_magnitude_vector",
    ".base_layer.", ".modules_to_save.", ".lora_embedding_"};

bool has_trace(const std::string& name, const Trace& trace) {
  return trace.at_end ? name.ends_with(trace.text) : name.find(trace.text) != name.npos;
}

// Prefixes that wrappers of torch and of training programs put before the names of what they hold.
constexpr std::array<std::string_view, 8> kWrappers{"_orig_mod.",        "module.",
                                                    "base_model.model.", "_fsdp_wrapped_module.",
                                                    "_forward_module.",  "_checkpoint_wrapped_module.",
                                                    "_module.",          "base_model."};

// `name` without them; each that was there is added to `taken`.
std::string unwrapped(const std::string& name, std::set<std::string>& taken) {
  std::string rest;
  for (size_t at = 0; at < name.size();) {
    const auto* wrapper = std::find_if(kWrappers.begin(), kWrappers.end(), [&](std::string_view prefix) {
      return std::string_view(name).substr(at).starts_with(prefix);
    });
    if (wrapper != kWrappers.end()) {
      taken.emplace(*wrapper);
      at += wrapper->size();
      continue;
    }
    const size_t end = std::min(name.find('.', at), name.size() - 1) + 1;
    rest += name.substr(at, end - at);
    at = end;
  }
  return rest;
}

}  // namespace

void check_not_quantized(const FileSet& files, const nlohmann::json& config) {
  const Found found = find_method(config, "", 2);
  check(found.method.empty(), "{}: {}: expected plain weights, found them quantised by {}; {}",
        files.path("config.json"), found.key, method_name(found.method), kAdvice);
  for (const auto& [name, method] : {std::pair{"quantize_config.json", "GPTQ"},
                                     {"quant_config.json", "AWQ"},
                                     {"hf_quant_config.json", "NVIDIA ModelOpt"},
                                     {"quanto_qmap.json", "quanto"}}) {
    check(!files.contains(name),
          "model {}: expected plain weights, found them quantised by {}, as {} says; {}", files.name(),
          method, name, kAdvice);
  }
}

void check_plain(const std::map<std::string, StoredTensor>& tensors, const std::string& where) {
  for (const auto& [name, tensor] : tensors) {
    for (const std::string_view trace : kAdapterTraces) {
      check(name.find(trace) == name.npos,
            "model {}: expected plain weights, found an adapter that is not merged ({} in {}); merge it in "
            "Python: model.merge_and_unload().save_pretrained(OUT)",
            where, name, tensor.file);
    }
    for (const Trace& trace : kTraces) {
      check(!has_trace(name, trace),
            "model {}: expected plain weights, found them quantised by {} ({} in {}); {}", where,
            trace.method, name, tensor.file, kAdvice);
    }
    check(
        !tensor.type.starts_with("F8_") && !tensor.type.starts_with("F6_") && !tensor.type.starts_with("F4"),
        "model {}: expected plain weights, found them quantised to {} ({} in {}); {}", where, tensor.type,
        name, tensor.file, kAdvice);
  }
}

std::string strip_wrappers(std::map<std::string, StoredTensor>& tensors, const std::string& where) {
  std::set<std::string> taken;
  std::vector<std::pair<std::string, std::string>> renamed;
  for (const auto& [name, tensor] : tensors) {
    std::string plain = unwrapped(name, taken);
    if (plain != name) renamed.emplace_back(name, std::move(plain));
  }
  std::map<std::string, StoredTensor> plain;
  for (const auto& [name, to] : renamed) {
    auto node = tensors.extract(name);
    node.key() = to;
    const auto result = plain.insert(std::move(node));
    check(result.inserted && !tensors.contains(to),
          "model {}: expected each tensor once, found {} and, without its wrapper's prefix, {} ({}); remove "
          "one of "
          "them",
          where, to, name, result.inserted ? plain.at(to).file : result.node.mapped().file);
  }
  tensors.merge(plain);
  return fmt::format("{}", fmt::join(taken, " "));
}

}  // namespace janus
