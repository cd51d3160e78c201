// What stands in the output for one image.
#pragma once

#include <string>
#include <vector>

#include "cli/caption/settings.h"
#include "cli/io/json_output.h"
#include "cli/sources/listed_image.h"
#include "generator/model.h"

namespace janus::cli {

// What all records of a run share.
struct RunFacts {
  std::string model, prompt_hash;
  uint32_t seed = 0;
  double load_ms = 0;
};

// Tells apart what decides an answer besides image and model: questions, longest answer, sampling.
std::string prompt_hash(const CaptionSettings& settings, int64_t max_tokens, uint32_t seed);

Json caption_record(const CaptionSettings& settings, const RunFacts& run, const LoadedImage& image,
                    const std::vector<Answer>& answers);
Json error_record(const RunFacts& run, const LoadedImage& image);

// The caption of a record as text: several answers one a line, none of them broken over lines.
std::string caption_text(const Json& record);

// The sidecar of an image: its path with another extension, and what goes into it.
std::string sidecar_path(const std::string& image, const std::string& extension);
std::string sidecar_text(const Json& record, const std::string& extension);

// A table of records: RFC 4180, one column a question. Every heading begins and ends so.
inline constexpr const char *kCsvBegin = "key,path,", *kCsvEnd = ",width,height,bytes,sha256,error\r\n";
std::string csv_heading(const CaptionSettings& settings);
std::string csv_row(const CaptionSettings& settings, const Json& record);

}  // namespace janus::cli
