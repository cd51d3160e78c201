#include "cli/caption/renewed_texts.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/caption/caption_record.h"
#include "core/base/json.h"

namespace janus::cli {

int64_t renew_texts(Journal& journal, const std::vector<Ask>& asks,
                    const std::function<void(const Json& before, const Json& after)>& on_change) {
  const bool plain = std::all_of(asks.begin(), asks.end(), [](const Ask& ask) { return ask.rules.empty(); });
  const auto renewed = [&](const Json& record) {
    Json after = record;
    apply_rules(after, asks);
    return after;
  };
  std::vector<std::string> keys;
  journal.for_each([&](std::string_view line) {
    // Without rules, most records need no parsing.
    if (plain && line.find("\"raw_text\"") == std::string_view::npos) return;
    const Json record = parse_json<Json>(line, "record");
    if (renewed(record) != record) keys.push_back(record["key"]);
  });

  int64_t count = 0;
  for (const std::string& key : keys) {
    if (!journal.find(key)) continue;  // of another run, which this one goes on beside
    const Json before = parse_json<Json>(journal.line_of(key), "record");
    const Json after = renewed(before);
    if (after == before) continue;
    on_change(before, after);
    journal.append(key, to_line(after), /*failed=*/false);
    ++count;
  }
  return count;
}

}  // namespace janus::cli
