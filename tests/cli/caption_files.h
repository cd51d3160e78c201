// What the tests of janus caption share: many small images, the program with short answers, its records.
#pragma once

#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {

using Json = nlohmann::ordered_json;

using Names = std::vector<std::string>;

class CaptionFiles : public InFolder {
 protected:
  // Short answers: the small model's weights are random, so it never ends one.
  static std::vector<std::string> words(const std::vector<std::string>& more) {
    std::vector<std::string> all{"caption", "-m", kModel, "-n", "4", "-q", "--decoders", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static Result caption(const std::vector<std::string>& more, const Surroundings& around = {}) {
    return run(words(more), around);
  }

  // Images NAME000.png.. in a folder below the test's.
  std::string image_files(const std::string& folder, int count) const {
    std::filesystem::create_directories(path(folder));
    for (int i = 0; i < count; ++i) {
      image_file(folder + "/" + std::to_string(1000 + i).substr(1) + ".png", 8 + i % 9, 8 + i % 7,
                 static_cast<uint8_t>(60 + i * 3 % 190));
    }
    return path(folder);
  }

  // Keys of the records, without the folder of the test.
  Names keys(const Result& result) const {
    Names found;
    for (const Json& record : parse(result.out)) {
      const std::string key = record["key"];
      found.push_back(key.rfind(folder_, 0) == 0 ? key.substr(folder_.size() + 1) : key);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // What the run tells at its end, which caption() leaves out.
  static Result caption_aloud(std::vector<std::string> more) {
    more.insert(more.begin(), {"caption", "-m", kModel, "-n", "4", "--decoders", "1"});
    return run(more);
  }

  std::vector<Json> records(const std::string& name) const { return parse(read_file(path(name))); }
  static std::vector<Json> parse(const std::string& text) {
    std::vector<Json> found;
    for (const std::string& line : lines_of(text)) found.push_back(Json::parse(line));
    return found;
  }
  // The records of an output by key; a key that stands twice fails the test.
  std::map<std::string, Json> by_key(const std::string& name) const {
    std::map<std::string, Json> found;
    for (Json& record : records(name)) {
      const std::string key = record["key"];
      EXPECT_EQ(found.count(key), 0U) << key << " stands twice";
      found[key] = std::move(record);
    }
    return found;
  }
};

}  // namespace janus::test
