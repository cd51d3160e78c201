// Other rules for texts on records that are there: derived anew, without asking the model again.
#pragma once

#include <functional>

#include "cli/caption/settings.h"
#include "cli/io/json_output.h"
#include "cli/journal/journal.h"

namespace janus::cli {

// Replaces each record of the run whose texts are not what its rules make of the model's own; says how many.
// on_change is called before a record is replaced, so that what hangs on it is there by then.
int64_t renew_texts(Journal& journal, const std::vector<Ask>& asks,
                    const std::function<void(const Json& before, const Json& after)>& on_change);

}  // namespace janus::cli
