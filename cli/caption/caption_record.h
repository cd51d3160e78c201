// What stands in the output for one image.
#pragma once

#include <string>
#include <vector>

#include "cli/caption/settings.h"
#include "cli/io/json_output.h"
#include "cli/sources/listed_image.h"
#include "generator/model.h"

namespace janus::cli {

// What all records of a run share: what made them.
struct RunFacts {
  std::string model, fingerprint;  // as ChosenModel has them
  std::string type, device;
  std::string prompt_hash;
  int64_t max_tokens = 0;
  uint32_t seed = 0;
  double load_ms = 0;
};

// The keys that every record has of it, in their order.
Json made_by(const CaptionSettings& settings, const RunFacts& run);

// Tells apart what decides an answer besides image and model: questions, longest answer, sampling.
std::string prompt_hash(const CaptionSettings& settings, int64_t max_tokens, uint32_t seed);

Json caption_record(const CaptionSettings& settings, const RunFacts& run, const LoadedImage& image,
                    const std::vector<Answer>& answers);
// Makes the texts of a record by the rules of the questions that it answers.
void apply_rules(Json& record, const std::vector<Ask>& asks);
Json error_record(const CaptionSettings& settings, const RunFacts& run, const LoadedImage& image);
// The record with other fields of the image's line in a list.
Json with_fields(const Json& record, const Json& fields);

// The caption of a record as text: several answers one a line, none of them broken over lines.
std::string caption_text(const Json& record);

// The sidecar of an image: its path with another extension, and what goes into it.
std::string sidecar_path(const std::string& image, const std::string& extension);
std::string sidecar_text(const Json& record, const std::string& extension);
// Whether `text` is what this version or an earlier one wrote into it.
bool is_sidecar_text(const std::string& text, const Json& record, const std::string& extension);

// A table of records: RFC 4180, one column a question. Every heading begins and ends so.
inline constexpr const char *kCsvBegin = "key,path,", *kCsvEnd = ",width,height,bytes,sha256,error\r\n";
// What a record has under "input", by name.
std::vector<std::string> fields_of(const Json& record);
// fields: names of what the records have under "input", each a column of its own.
std::string csv_heading(const CaptionSettings& settings, const std::vector<std::string>& fields);
std::string csv_row(const CaptionSettings& settings, const std::vector<std::string>& fields,
                    const Json& record);

}  // namespace janus::cli
