// janus chat: a conversation about pictures, and pictures made within it.
#pragma once

#include "cli/app/command.h"

namespace janus::cli {

Command chat_command();

}  // namespace janus::cli
