// Draws the images of one command line and puts them in place, each as soon as it is finished.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/generate/preview.h"
#include "cli/generate/record_file.h"
#include "cli/generate/work_list.h"
#include "cli/progress.h"
#include "vision/contact_sheet.h"

namespace janus::cli {

class GenerateRun {
 public:
  // Plans the work and tries the outputs. Throws UsageError and Error as plan_work and OutputFile do.
  GenerateRun(const GenerateSettings& settings, const CommonOptions& common, Console& console);
  Outcome run();

 private:
  // A drawn image on its way to its output.
  struct Candidate {
    uint32_t seed = 0;
    ImageCodes codes;
    Image picture;
    Timings timings;
    double score = 0;
  };

  bool list() const { return !settings_.prompts.empty(); }
  void check_outputs();
  void skip_finished();
  void refuse_long_prompts();
  void announce();
  void draw();
  void take(const GeneratedImage& image);
  Candidate picture_of(const GeneratedImage& image);
  void keep_best(const WorkItem& item, std::vector<Candidate> candidates);
  // Writes one image, its codes and its record; `rank` counts from 0 among the candidates.
  void put(const WorkItem& item, const Output& output, const Candidate& kept, size_t rank,
           const std::vector<Candidate>& candidates);
  void write_output(const WorkItem& item, const Output& output, const Candidate& kept, Json& settings);
  void put_failure(const WorkItem& item, size_t place, const std::string& fault);
  void put_on_grid(const WorkItem& item, const Output& output, const Image& picture,
                   const std::string& label);
  void finish_grid();

  std::string model_name() const;
  Json request_of(const WorkItem& item, size_t place) const;
  Json settings_json(const WorkItem& item, const Candidate& kept) const;
  Json record_of(const WorkItem& item, const Output& output, const Candidate& kept, bool with_codes) const;

  const GenerateSettings& settings_;
  const CommonOptions& common_;
  Console& console_;
  std::vector<WorkItem> work_;
  ImageFormat grid_format_ = ImageFormat::png;
  std::optional<OutputFile> grid_output_;
  std::optional<Preview> preview_;
  std::unique_ptr<RecordFile> records_;
  std::unique_ptr<ContactSheet> grid_;
  ProgressDisplay progress_;
  ChosenModel chosen_;

  struct Place {
    size_t item = 0;
    int64_t drawn = 0;  // which of the item's images
  };
  std::vector<Place> places_;          // of each request
  std::vector<Candidate> candidates_;  // of the item in work, where the best are kept
  int64_t outputs_ = 0, failed_ = 0, already_ = 0;
};

}  // namespace janus::cli
