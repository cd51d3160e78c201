// janus chat: a conversation about images, and images made within it.
#pragma once

#include "cli/app/command.h"

namespace janus::cli {

Command chat_command();

}  // namespace janus::cli
