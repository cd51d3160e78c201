// How a record of an output differs from those that a run would write.
#pragma once

#include <string_view>

#include "cli/caption/caption_record.h"
#include "cli/journal/journal.h"

namespace janus::cli {

// What of question, model and sampling in the record `line` is not the run's; nothing where the record, of an
// earlier version, does not say what it was asked. Long texts are cut to where they differ.
Difference difference_of(std::string_view line, const CaptionSettings& settings, const RunFacts& run);

}  // namespace janus::cli
