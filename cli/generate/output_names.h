// What the images of a run are called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/generate/work_list.h"
#include "cli/io/output_pattern.h"

namespace janus::cli {

// Which one of a run's kept images is to be named.
struct Numbers {
  int64_t place = 0, kept = 1;  // among those of its prompt
  int64_t index = 0, all = 1;   // among those of the run
};

// OUT and --codes-out as rules that give each image its name.
class OutputNames {
 public:
  // Throws UsageError for names that cannot be written.
  explicit OutputNames(const GenerateSettings& settings);

  // own: the name that a line of a list has for its images, or empty.
  Output output(const WorkItem& item, const Numbers& numbers, const std::string& own) const;

 private:
  std::string folder_;                   // of names made of prompt and seed
  std::optional<OutputPattern> images_;  // else
  bool on_stream_ = false;
  std::string list_folder_, codes_folder_;
  std::optional<OutputPattern> codes_;
};

// Gives all images of the one prompt of `work` another name, the same for all, until all are free.
void make_names_free(std::vector<WorkItem>& work);

// OUT of a list: a folder stands for numbered names in it.
std::string list_output(const std::string& output);
// The file of records of a list.
std::string records_path(const GenerateSettings& settings);

}  // namespace janus::cli
