#include "cli/caption/caption_record.h"

#include <fmt/format.h>
#include <janus/version.h>

#include <filesystem>

#include "core/base/digest.h"
#include "core/base/json_line.h"

namespace janus::cli {
namespace {

constexpr const char* kFields = "input";

void add_answer(Json& record, const Answer& answer) {
  record["text"] = answer.text;
  record["ids"] = answer.ids;
  record["finish_reason"] = answer.finish_reason == FinishReason::stop ? "stop" : "length";
}

// Adds up the answers' own times, as several are written together.
Timings timings_of(const std::vector<Answer>& answers) {
  Timings timings = answers.front().timings;
  for (size_t i = 1; i < answers.size(); ++i) {
    timings.prefill_ms += answers[i].timings.prefill_ms;
    timings.decode_ms += answers[i].timings.decode_ms;
  }
  double tokens = 0;
  for (const Answer& answer : answers) tokens += static_cast<double>(answer.ids.size());
  timings.tokens_per_second = timings.decode_ms > 0 ? tokens * 1000 / timings.decode_ms : 0;
  return timings;
}

void add_facts(Json& record, const LoadedImage& image) {
  if (image.facts.width > 0) {
    record["width"] = image.facts.width;
    record["height"] = image.facts.height;
  }
  if (image.listed.bytes >= 0) {
    record["bytes"] = image.listed.bytes;
    record["mtime"] = image.listed.mtime;
  }
  if (image.listed.archive_bytes >= 0) {
    record["archive_bytes"] = image.listed.archive_bytes;
    record["archive_mtime"] = image.listed.archive_mtime;
  }
  if (!image.sha256.empty()) record["sha256"] = image.sha256;
}

// The image's names, and what its line in a list says beside them.
Json begin_record(const LoadedImage& image) {
  Json record;
  record["path"] = image.listed.path;
  record["key"] = image.listed.key;
  if (!image.listed.fields.is_null()) record[kFields] = image.listed.fields;
  return record;
}

std::string on_one_line(std::string text) {
  for (char& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

std::string text_at(const Json& record, const char* key) {
  const auto value = record.find(key);
  if (value == record.end()) return {};
  return value->is_string() ? value->get<std::string>() : value->dump();
}

}  // namespace

std::string prompt_hash(const CaptionSettings& settings, int64_t max_tokens, uint32_t seed) {
  Json facts;
  for (const Ask& ask : settings.asks) facts["asks"].push_back({ask.name, ask.prompt});
  facts["max_tokens"] = max_tokens;
  if (settings.sampling.temperature > 0) {
    facts["sampling"] = {settings.sampling.temperature, settings.sampling.top_k, settings.sampling.top_p,
                         seed};
  }
  if (settings.special_tokens) facts["special_tokens"] = true;
  return sha256_of(to_hashed_line(facts)).substr(0, 16);
}

Json made_by(const CaptionSettings& settings, const RunFacts& run) {
  Json made;
  made["model"] = run.model;
  made["model_fingerprint"] = run.fingerprint;
  made["type"] = run.type;
  made["device"] = run.device;
  made["version"] = JANUS_VERSION;
  if (settings.named()) {
    for (const Ask& ask : settings.asks) made["prompts"][ask.name] = ask.prompt;
  } else {
    made["prompt"] = settings.asks.front().prompt;
  }
  made["max_tokens"] = run.max_tokens;
  made["temperature"] = settings.sampling.temperature;
  made["top_k"] = settings.sampling.top_k;
  made["top_p"] = settings.sampling.top_p;
  if (settings.special_tokens) made["special_tokens"] = true;
  made["prompt_hash"] = run.prompt_hash;
  made["seed"] = run.seed;
  return made;
}

Json caption_record(const CaptionSettings& settings, const RunFacts& run, const LoadedImage& image,
                    const std::vector<Answer>& answers) {
  Json record = begin_record(image);
  if (settings.named()) {
    for (size_t i = 0; i < answers.size(); ++i)
      add_answer(record["answers"][settings.asks[i].name], answers[i]);
  } else {
    add_answer(record, answers.front());
  }
  apply_rules(record, settings.asks);
  add_facts(record, image);
  if (!image.warning.empty()) record["warning"] = image.warning;
  record.update(made_by(settings, run));
  record["timings"] = timings_json(run.load_ms, timings_of(answers));
  return record;
}

void apply_rules(Json& record, const std::vector<Ask>& asks) {
  for (const Ask& ask : asks) {
    if (ask.name.empty()) {
      apply_rules(record, ask.rules);
    } else if (record.contains("answers") && record["answers"].contains(ask.name)) {
      apply_rules(record["answers"][ask.name], ask.rules);
    }
  }
}

Json error_record(const CaptionSettings& settings, const RunFacts& run, const LoadedImage& image) {
  Json record = begin_record(image);
  record["error"] = image.fault;
  if (image.fault_transient) record["transient"] = true;
  add_facts(record, image);
  record.update(made_by(settings, run));
  return record;
}

Json with_fields(const Json& record, const Json& fields) {
  Json changed;
  for (const auto& [key, value] : record.items()) {
    if (key != kFields) changed[key] = value;
    if (key == "key" && !fields.is_null()) changed[kFields] = fields;
  }
  return changed;
}

std::string caption_text(const Json& record) {
  if (!record.contains("answers")) return text_at(record, "text");
  std::string text;
  for (const auto& [name, answer] : record["answers"].items()) {
    text += (text.empty() ? "" : "\n") + on_one_line(text_at(answer, "text"));
  }
  return text;
}

std::string sidecar_path(const std::string& image, const std::string& extension) {
  return std::filesystem::path(image).replace_extension(extension).string();
}

std::string sidecar_text(const Json& record, const std::string& extension) {
  return (extension == ".json" ? to_line(record) : caption_text(record)) + "\n";
}

bool is_sidecar_text(const std::string& text, const Json& record, const std::string& extension) {
  if (text == sidecar_text(record, extension)) return true;
  return extension == ".json" && text == to_hashed_line(record) + "\n";
}

std::vector<std::string> fields_of(const Json& record) {
  std::vector<std::string> names;
  const auto fields = record.find(kFields);
  if (fields == record.end() || !fields->is_object()) return names;
  for (const auto& [name, value] : fields->items()) names.push_back(name);
  return names;
}

std::string csv_heading(const CaptionSettings& settings, const std::vector<std::string>& fields) {
  std::string columns = settings.mixed ? "model,prompt" : "";
  const auto add = [&](const std::string& name) {
    columns += (columns.empty() ? "" : ",") + csv_field(name);
  };
  for (const Ask& ask : settings.asks) add(settings.named() ? ask.name : "text");
  for (const std::string& name : fields) add(fmt::format("{}.{}", kFields, name));
  return kCsvBegin + columns + kCsvEnd;
}

std::string csv_row(const CaptionSettings& settings, const std::vector<std::string>& fields,
                    const Json& record) {
  std::string line = csv_field(text_at(record, "key")) + "," + csv_field(text_at(record, "path"));
  if (settings.mixed) {
    line += "," + csv_field(text_at(record, "model")) + "," +
            csv_field(text_at(record, record.contains("prompts") ? "prompts" : "prompt"));
  }
  for (const Ask& ask : settings.asks) {
    const bool named = settings.named() && record.contains("answers") && record["answers"].contains(ask.name);
    line += "," + csv_field(text_at(named ? record["answers"][ask.name] : record, "text"));
  }
  for (const std::string& name : fields) {
    const bool has = record.contains(kFields) && record[kFields].is_object();
    line += "," + csv_field(has ? text_at(record[kFields], name.c_str()) : "");
  }
  for (const char* key : {"width", "height", "bytes", "sha256", "error"})
    line += "," + csv_field(text_at(record, key));
  return line + "\r\n";
}

}  // namespace janus::cli
