// An image on its way through the pipeline.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/io/json_output.h"
#include "cli/sources/memory_budget.h"
#include "cli/sources/where.h"

namespace janus::cli {

// An image as the sources list it.
struct ListedImage {
  std::string key;     // what tells it from all others: its clean path; ARCHIVE/member
  std::string path;    // the file it is in
  int64_t bytes = -1;  // -1 = could not be found out
  double mtime = 0;    // time of change, seconds since 1970
  bool in_archive = false;
  bool from_list = false;      // a list names it, or the folder it is in
  int64_t archive_bytes = -1;  // of the archive: members of another archive may be others, alike as they look
  double archive_mtime = 0;
  Json fields;                  // the other fields of its line in a JSONL list, by name; null where none are
  std::string fault;            // why there will be no caption, if that is known already
  bool fault_transient = true;  // see TransientError

  int64_t place = 0;  // among the images that are loaded, as they were listed

  bool keeps_sidecar = false;  // the sidecar that is there stays as it is

  std::string content;  // all its bytes, once they are in memory
  bool has_content = false;
  std::shared_ptr<MemoryBudget::Share> share;  // of the memory for content
  bool has_caption = false;  // whether an earlier record, of another time of change, has one
  bool old_failed = false;   // whether an earlier record, of another time of change, is an error
  std::string old_sha256;    // of what an earlier record is about; the same content needs no other

  // Waits until the budget has room for all its bytes.
  void take_share(MemoryBudget& budget) {
    share.reset();
    share = std::make_shared<MemoryBudget::Share>(budget, static_cast<size_t>(std::max<int64_t>(bytes, 0)));
  }
};

// An image as the model takes it, or the fault for which it does not.
struct LoadedImage {
  ListedImage listed;  // without content
  ImageFacts facts;
  std::string sha256;
  std::vector<float> pixels;  // as Prepare makes them
  std::string fault, warning;
  bool fault_transient = false;
  bool unchanged = false;  // its content is what old_sha256 says
};

}  // namespace janus::cli
