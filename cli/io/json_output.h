// The JSON this program writes: records on standard output, and files of image codes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/io/console.h"
#include "generator/model.h"

namespace janus::cli {

// Keys in the order they are added.
using Json = nlohmann::ordered_json;

// One line of it to standard output. Bytes that are not UTF-8 (a file's name) become U+FFFD.
void print_json(const Json& record, Console& console);
// Without the line's end.
std::string to_line(const Json& record);

// Milliseconds to three places: more is noise.
double rounded(double milliseconds);

// "timings" of a record: the parts that ran, the model's load and the rate.
Json timings_json(double load_ms, const Timings& timings);
// The same for people.
std::string describe_timings(const Timings& timings);

// A file of codes: {"height": 24, "width": 24, "codes": [...]} and the line's end, nothing that depends on
// the run.
std::string codes_text(const ImageCodes& codes);
// Reads one; "-" is standard input. Throws Error with path, expected and found for anything else. That sizes
// and codes are the model's is for the model to check.
ImageCodes read_codes(const std::string& path);
// The same of the file's bytes, which have been read.
ImageCodes parse_codes(const std::string& bytes, const std::string& path);

}  // namespace janus::cli
