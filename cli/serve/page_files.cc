#include "cli/serve/page_files.h"

#include <span>

#include "core/base/digest.h"
#include "core/base/embedded_file.h"
#include "core/base/error.h"

namespace janus {

extern "C" const EmbeddedFile janus_embedded_page[];
extern "C" const uint64_t janus_embedded_page_count;

}  // namespace janus

namespace janus::cli {
namespace {

std::string type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  check(name.ends_with(".svg"), "cli/serve/page: expected files .html, .css, .js and .svg, found {}", name);
  return "image/svg+xml";
}

std::vector<PageFile> read_table() {
  std::vector<PageFile> files;
  for (const EmbeddedFile& file : std::span(janus_embedded_page, janus_embedded_page_count)) {
    const std::string_view text(reinterpret_cast<const char*>(file.data), file.bytes);
    files.push_back({.name = file.name,
                     .type = type_of(file.name),
                     .etag = '"' + sha256_of(text).substr(0, 32) + '"',
                     .text = text});
  }
  return files;
}

}  // namespace

const std::vector<PageFile>& page_files() {
  static const std::vector<PageFile> files = read_table();
  return files;
}

bool has_etag(std::string_view if_none_match, std::string_view etag) {
  if (if_none_match == "*") return true;
  // Tags are quoted, and none of ours stands within another one. "W/" before one does not count.
  return if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace janus::cli
