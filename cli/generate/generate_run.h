// Generates the images of one command line and puts them in place, each as soon as it is finished.
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/generate/candidates.h"
#include "cli/generate/generation_watch.h"
#include "cli/generate/preview.h"
#include "cli/generate/steps_advice.h"
#include "cli/generate/tiles.h"
#include "cli/generate/work_list.h"
#include "cli/io/progress.h"
#include "cli/journal/journal.h"
#include "cli/model/chosen_model.h"
#include "generator/engine/engine.h"
#include "vision/contact_sheet.h"

namespace janus::cli {

class GenerateRun {
 public:
  // Plans the work and tries the outputs. Throws UsageError and Error as plan_work and OutputFile do.
  GenerateRun(const GenerateSettings& settings, const CommonOptions& common, Console& console);
  Outcome run();

 private:
  // An image that the engine has made.
  struct Made {
    const WorkItem* item = nullptr;
    int64_t item_index = 0;  // which of the item's images
    int64_t index = 0;       // among all that were asked for, which is the order they are taken in
    GeneratedImage image;
  };

  bool list() const { return !settings_.prompts.empty(); }
  void settle_defaults();
  void settle_codes_output();
  void check_outputs();
  void skip_finished();
  // Of the model that -m names. Throws Error where it cannot be found.
  std::string model_fingerprint();
  void refuse_long_prompts();
  void write_companions();
  void announce();
  void generate();
  void ask_for(const WorkItem& item, int64_t k);
  void advance();
  void take(Made& made);
  void rank(const WorkItem& item, Candidate candidate);
  void keep_best(const WorkItem& item);
  // Writes the image of an item's output `place`, its codes and its record; `ranking` goes into the latter
  // and into the image.
  void put(const WorkItem& item, size_t place, const Candidate& kept, const Json& ranking);
  // The output gets another name where that is to be free and another run was faster.
  void write_output(const WorkItem& item, Output& output, const Candidate& kept, const Json& ranking);
  void write_image(Output& output, const std::vector<std::byte>& bytes);
  void put_failure(const WorkItem& item, size_t place, const Fault& fault);
  void put_failures(const WorkItem& item, const Fault& fault);
  void tell(const WorkItem& item, const Output& output, const Candidate& kept);
  void tell_phase(const char* phase, int64_t done, int64_t total);
  void put_on_grid(const WorkItem& item, const Output& output, const Image& image, const std::string& label);
  void finish_grid();
  // At the end of a list: counts the images in their places. Throws MachineFault where some have gone.
  void tell_what_is_there();
  void add_to_journal(const WorkItem& item, size_t place, Json record);

  const GenerateSettings& settings_;
  const CommonOptions& common_;
  Console& console_;
  std::vector<WorkItem> work_;
  ImageFormat grid_format_ = ImageFormat::png;
  std::optional<OutputFile> grid_output_;
  std::optional<Preview> preview_;
  std::unique_ptr<Journal> records_;
  std::unique_ptr<ContactSheet> grid_;
  std::optional<GenerationWatch> watch_;  // where several images are generated; progress_ asks it
  ProgressDisplay progress_;
  std::optional<FoundModel> found_;  // until it is opened
  ChosenModel chosen_;

  // By index, those that are not put in their places yet: an image whose guesses come out right is made
  // before one that was asked for earlier.
  std::map<int64_t, Made> made_;
  int64_t taken_ = 0;                     // images, in the order in which they were asked for
  std::exception_ptr fault_;              // what ended an image
  int64_t asked_in_all_ = 0, asked_ = 0;  // images; those that are not in their places
  std::optional<Candidates> candidates_;  // of the item in work, where the best are kept
  std::optional<Tiles> tiles_;            // the same, where its images are put on one
  const WorkItem* unranked_ = nullptr;    // the item whose candidates cannot be ranked
  ImageDefaults defaults_;
  StepsAdvice advice_;  // of a flow
  int64_t outputs_ = 0, to_generate_ = 0, failed_ = 0, already_ = 0;
  // Last: where it ends with requests under way, it tells them so by all of the above.
  std::optional<Engine> engine_;
};

}  // namespace janus::cli
