// docs/openapi.yaml names every path of the server and no other. tests/serve/clients/openapi_test.py holds
// its fields to replies.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/base/read_file.h"
#include "tests/serve/tiny_service.h"

namespace janus::cli {
namespace {

// Takes paths and asks no model.
class NoModels : public ModelHost {
  std::vector<ModelCard> cards() const override { return {}; }
  void ask(const std::string&, std::function<void(std::shared_ptr<ServedModel>)>,
           std::function<void(const ApiError&)>) override {}
};
class NoWorkers : public Workers {
  void post(std::function<void()>) override {}
};

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// "GET /v1/models" of each operation: a path stands at the second level of the document, its methods at the
// third.
std::set<std::string> described() {
  std::istringstream document(read_file(JANUS_SOURCE_DIR "/docs/openapi.yaml", "document", 1 << 20));
  std::set<std::string> all;
  std::string section, path;
  for (std::string line; std::getline(document, line);) {
    const size_t colon = line.find(':');
    if (line.empty() || colon == std::string::npos) continue;
    const size_t depth = line.find_first_not_of(' ');
    const std::string key = line.substr(depth, colon - depth);
    if (depth == 0) section = key;
    if (section != "paths") continue;
    if (depth == 2) path = key;
    if (depth == 4 && key != "parameters") all.insert(upper(key) + " " + path);
  }
  return all;
}

std::set<std::string> served() {
  NoModels models;
  NoWorkers workers;
  ServeLimits limits;
  Metrics metrics;
  Service service{models, workers, limits, metrics};
  RecordingRouter router;
  add_routes(router, service);
  std::set<std::string> all;
  for (const auto& [name, handler] : router.handlers) all.insert(name);
  return all;
}

TEST(Openapi, NamesEveryPathOfTheServer) {
  const std::set<std::string> described = cli::described();
  EXPECT_GT(described.size(), 40U);
  for (const std::string& name : served()) {
    const std::string below_v1 = name.substr(0, name.find('/')) + "/v1" + name.substr(name.find('/'));
    EXPECT_TRUE(described.contains(name) || described.contains(below_v1)) << name;
  }
}

TEST(Openapi, NamesNoOther) {
  const std::set<std::string> served = cli::served();
  for (const std::string& name : described()) {
    EXPECT_TRUE(served.contains(name)) << name;
    const size_t v1 = name.find(" /v1/");
    if (v1 == std::string::npos) continue;
    EXPECT_TRUE(served.contains(name.substr(0, v1 + 1) + name.substr(v1 + 4))) << name << " without /v1";
  }
}

}  // namespace
}  // namespace janus::cli
