#include "cli/sources/archive_module.h"

void janus_archive_module(decltype(&janus::cli::read_archive)& read_archive) {
  read_archive = janus::cli::read_archive;
}
