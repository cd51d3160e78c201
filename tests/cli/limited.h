// The program under a limit that a shell sets: "-n 12", "-v 65536" (ulimit).
#pragma once

#include "tests/cli/program.h"

namespace janus::test {

inline Result run_under(const std::string& limit, const std::vector<std::string>& words) {
  std::string line = "ulimit " + limit + " && exec " JANUS_PROGRAM;
  for (const std::string& word : words) line += " '" + word + "'";
  return run({"-c", line}, {.program = "/bin/sh"});
}

}  // namespace janus::test
