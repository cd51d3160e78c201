// The files of the server's web page, as the build has put them into the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace janus::cli {

struct PageFile {
  std::string name;       // "style.css"
  std::string type;       // Content-Type
  std::string etag;       // with its quotes; it changes with the contents
  std::string_view text;  // lasts as long as the program
};

// All of them: the page itself is "index.html", which asks for the others by "page/NAME".
const std::vector<PageFile>& page_files();

// Whether a header If-None-Match names that state of a file (RFC 9110, 13.1.2).
bool has_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace janus::cli
