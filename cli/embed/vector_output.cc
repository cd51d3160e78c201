#include "cli/embed/vector_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/mapped_file.h"

namespace janus::cli {
namespace {

// What no run of ours wrote is not replaced by an index, whose name the program makes.
bool is_index(const std::string& path) {
  std::string line;
  std::ifstream file(path, std::ios::binary);
  std::getline(file, line);
  const Json first = parse_json_or_discard<Json>(line);
  return first.is_object() && first.contains("key") && first.contains("stage") &&
         (first.contains("row") || first.contains("error"));
}

// Of an array alone.
std::optional<OutputFile> open_index(const std::string& array, const Replacing& replacing,
                                     const std::vector<std::string>& inputs) {
  if (!has_extension(array, ".npy")) return std::nullopt;
  const std::string path = std::filesystem::path(array).replace_extension(".jsonl").string();
  check_not_input(path, inputs);
  const bool replaced = replacing.overwrite || (!replacing.no_clobber && is_taken(path) && is_index(path));
  check(!is_taken(path) || replaced,
        "output, {}: expected a free name for the index of {}, found a file; give another -o{}", path, array,
        replacing.no_clobber ? "" : ", or --overwrite to replace it");
  return OutputFile(path, replaced ? Existing::replaced : Existing::kept);
}

// Nested as `shape` says; each number in the fewest digits that give it back.
void append_numbers(std::string& text, std::span<const int64_t> shape, std::span<const float> values) {
  text += '[';
  const auto count = static_cast<size_t>(shape.front());
  const size_t step = values.size() / count;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    if (shape.size() > 1) {
      append_numbers(text, shape.subspan(1), values.subspan(i * step, step));
    } else {
      fmt::format_to(std::back_inserter(text), "{}", values[i]);
    }
  }
  text += ']';
}

}  // namespace

VectorOutput::VectorOutput(const PlacedOutput& place, const Replacing& replacing,
                           const std::vector<std::string>& inputs, Json facts, bool prints, Console& console)
    : facts_(std::move(facts)),
      prints_(prints),
      console_(console),
      output_(place.open(replacing, inputs)),
      index_(open_index(place.path, replacing, inputs)),
      lines_(index_ ? index_->begin() : output_.begin()) {
  if (index_) stack_.emplace(output_);
}

Json VectorOutput::line_of(const LoadedImage& image) const {
  Json line;
  line["path"] = image.listed.path;
  line["key"] = image.listed.key;
  if (!image.fault.empty()) {
    line["error"] = image.fault;
  } else {
    line["width"] = image.facts.width;
    line["height"] = image.facts.height;
  }
  if (!image.sha256.empty()) line["sha256"] = image.sha256;
  return line;
}

void VectorOutput::put(const Json& line, const std::string& vectors) {
  check_mapped_files();
  const std::string text = to_line(line);
  if (prints_) console_.result(text + "\n");
  if (vectors.empty()) return lines_.append(text + "\n");
  lines_.append(text.substr(0, text.size() - 1) + ",\"embedding\":" + vectors + "}\n");
}

void VectorOutput::write(const LoadedImage& image, const Array& vectors) {
  Json line;
  if (stack_) line["row"] = stack_->count();
  line.update(line_of(image));
  line.update(facts_);
  line["shape"] = vectors.shape;
  std::string numbers;
  if (stack_) {
    stack_->append(vectors);
  } else {
    append_numbers(numbers, vectors.shape, vectors.values);
  }
  put(line, numbers);
}

void VectorOutput::write_error(const LoadedImage& image) {
  Json line = line_of(image);
  line.update(facts_);
  put(line);
}

void VectorOutput::finish() {
  if (stack_) {
    check(stack_->count() > 0,
          "output, {}: expected an array of at least one picture, found none that could be embedded; see the "
          "errors above",
          output_.path());
    stack_->finish();
  }
  lines_.commit();
}

}  // namespace janus::cli
