// Which files belong to a model's folder: what a copy of the model may hold.
#pragma once

#include <string>

namespace janus {

// Throws Error unless what stands at `path`, a file or folder in the folder `folder`, is that folder's own:
// no link, a link to something in or below the folder, or, as the hub's cache has it, a link from below
// snapshots/COMMIT to a file in the blobs beside snapshots. All other links lead to what whoever made the
// folder does not hand out: a file of the user's that a copy would show to others.
void check_own(const std::string& folder, const std::string& path);

}  // namespace janus
