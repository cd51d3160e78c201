// Where records go: the journal or standard output, sidecars, a table.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "cli/caption/caption_record.h"
#include "cli/caption/pruning.h"
#include "cli/caption/sidecar_places.h"
#include "cli/journal/journal.h"
#include "cli/sources/image_feed.h"

namespace janus::cli {

// Safe to use from several threads.
class CaptionOutput {
 public:
  // Throws Error if the output cannot be written, or is none of janus caption.
  CaptionOutput(const CaptionSettings& settings, const RunFacts& run, Console& console);
  // Called once `run` knows its model. Throws Error if the output is not one to go on with.
  void go_on();

  // Whether an image needs a caption; one whose file changed since its record gets its old hash filled in. A
  // sidecar that is missing beside an image with a record is written again. Tells why a caption would have
  // nowhere to go, once a folder.
  Need need_of(ListedImage& image);

  // A sidecar follows its record, so that what is missing after a break is made up by need_of. Throws Error
  // for an output that cannot be written; a sidecar that cannot is told and counted.
  void write(const LoadedImage& image, const std::vector<Answer>& answers);
  void write_error(const LoadedImage& image);
  // What became of an archive: its fault stands as a record until it is read without one.
  void note_archive(const ListedImage& archive);
  // What becomes of an image that turned out to be what its record is about: a sidecar that is missing comes
  // from the record.
  void keep_unchanged(const ListedImage& image);
  // Drops the records of images that are gone, where --prune asks for it, and says how many. Only after all
  // images were listed.
  int64_t prune();
  // Drops replaced records and writes the table.
  void finish();

  int64_t sidecar_faults() const { return sidecar_faults_; }
  bool resumed() const { return journal_ && journal_->resumed(); }

 private:
  Need need_by_record(ListedImage& image);
  bool takes_sidecar_of(const ListedImage& image);
  // Whether a list names it where it may have none, which is counted, and told once a folder.
  bool is_outside(const ListedImage& image);
  // An image whose record stays: the fields of its line in a list replace those that the record has.
  void keep(const ListedImage& image);
  // Whether the sidecar beside `image` is one that a record of it has written, or none is there.
  bool is_own_sidecar(const ListedImage& image);
  // Whether the sidecar beside `image` is what its `record` gives.
  bool wrote_sidecar(const ListedImage& image, const Json& record) const;
  // All records of it, this run's last.
  std::vector<std::string> lines_about(const ListedImage& image);
  bool claims_sidecar(const std::string& image);
  // Brings records that are there, and the sidecars that were written from them, in line with the rules for
  // texts.
  void renew();
  void renew_sidecar(const Json& before, const Json& after);
  void tell_kept_sidecar(const std::string& path);
  void put(const std::string& key, const Json& record, bool failed);
  void write_sidecar(const std::string& image, const Json& record);
  // From the record, where there is none.
  void restore_sidecar(const ListedImage& image);
  void write_table();
  bool has_sidecar(const ListedImage& image) const;

  const CaptionSettings& settings_;
  const RunFacts& run_;
  Console& console_;
  std::optional<Journal> journal_;
  std::optional<Pruning> pruning_;
  SidecarPlaces places_;
  bool on_stream_ = false;  // records go to standard output
  std::atomic<int64_t> sidecar_faults_{0};
  std::mutex mutex_;
  std::map<std::string, bool> sidecar_folders_;  // whether they take files
  std::set<std::string> outside_;                // folders that were told
  std::map<std::string, std::string> claimed_;   // sidecars of this run, and their pictures
};

}  // namespace janus::cli
