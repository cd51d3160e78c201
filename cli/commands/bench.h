// The measurements of janus bench on one model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands/bench_requests.h"
#include "cli/io/progress.h"
#include "cli/io/step_timer.h"
#include "cli/model/chosen_model.h"
#include "generator/engine/latent_flow.h"

namespace janus::cli {

struct BenchModel {
  ChosenModel chosen;
  double stored_bytes = 0;
  std::string type;  // of most of the weights
};

class Bench {
 public:
  // only: of kBenchParts; empty = all. All three must outlive it. Throws UsageError for a part that the model
  // has not.
  Bench(const BenchModel& opened, const std::vector<std::string>& only, ProgressDisplay& progress);

  // Measures the parts, and hands over each line as it is done.
  void run(const std::function<void(const Measurement&)>& on_line);

 private:
  using OnLine = std::function<void(const Measurement&)>;

  void check_parts() const;
  bool asked(std::string_view part) const;
  Measurement bandwidth();
  Measurement peak(const char* what, double (*measure)(Device&));
  // pass: makes one, and returns its milliseconds.
  Measurement passes(const char* what, int rows, const PassCost& cost, const std::function<double()>& pass);
  Measurement pass_of(const char* what, Part part, int64_t tokens, const std::function<double()>& pass);

  void answer_parts(const OnLine& on_line);
  void code_parts(const OnLine& on_line);
  void flow_parts(const OnLine& on_line);
  Measurement text_steps();
  Measurement image_steps(const ImageSteps& steps);
  // The rows of a step of a flow, read as prompts.
  Measurement rows_prefill();
  Measurement flow_steps();

  const ChosenModel& chosen_;
  const Model& model_;
  const LatentFlow* flow_;  // null where images are codes
  double stored_bytes_;
  int side_by_side_;
  const std::vector<std::string>& only_;
  ProgressDisplay& progress_;
};

}  // namespace janus::cli
