// Where the vectors of many images go: one array with an index of its rows, or records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/io/console.h"
#include "cli/io/existing_files.h"
#include "cli/io/json_output.h"
#include "cli/io/npy.h"
#include "cli/sources/listed_image.h"

namespace janus::cli {

class VectorOutput {
 public:
  // path: .npy, for [count, ...] and beside it .jsonl, for a line an image, or .jsonl for such lines with the
  // vectors in them. Throws Error where one of them cannot be written, or stands there and is to stay.
  // facts: what every line says of the run. inputs: what must not be replaced. prints: the lines, without
  // vectors, go to standard output as well.
  VectorOutput(const PlacedOutput& place, const Replacing& replacing, const std::vector<std::string>& inputs,
               Json facts, bool prints, Console& console);

  // facts: as for the constructor; what was not known then.
  void add_facts(const Json& facts) { facts_.update(facts); }
  void write(const LoadedImage& image, const Array& vectors);
  void write_error(const LoadedImage& image);
  // Puts the files in place, whole. Throws Error where an array would be empty; nothing is replaced then.
  void finish();

 private:
  Json line_of(const LoadedImage& image) const;
  void put(const Json& line, const std::string& vectors = {});

  Json facts_;
  const bool prints_;
  Console& console_;
  OutputFile output_;
  std::optional<OutputFile> index_;
  std::optional<NpyStack> stack_;
  AtomicFile lines_;
};

}  // namespace janus::cli
