// Numbers as people write them where a plain one is expected.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

// What somebody may have meant by `text` that is no plain number, the likeliest first: "0,7" is 0.7, "1,000"
// is 1000, "70%" is 0.7, "4.0" is 4, "2k" is 2000, "0x10" is 16, "512px" is 512. Empty where it has no digits
// to begin with. Whether one of them is in range is for the caller to see.
std::vector<std::string> likely_numbers(const std::string& text);

}  // namespace janus::cli
