// The names that models have: the built-in one's, short ones of the hub's cache; list and rm.
#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kFirst(40, 'a'), kSecond(40, 'b');

// A cache with the small model in it, as huggingface_hub lays it out.
class ModelNames : public InFolder {
 protected:
  std::string repository(const std::string& id) const {
    std::string name = id;
    return path("cache/models--" + name.replace(name.find('/'), 1, "--"));
  }
  // Blobs are named by the file, so that two snapshots share those of the same name.
  void add(const std::string& id, const std::string& commit, const std::string& ref,
           const std::string& without = {}) const {
    const std::string folder = repository(id), snapshot = folder + "/snapshots/" + commit;
    for (const char* part : {"/blobs", "/refs"}) fs::create_directories(folder + part);
    fs::create_directories(snapshot);
    for (const auto& entry : fs::directory_iterator(kModel)) {
      const std::string name = entry.path().filename().string(), blob = folder + "/blobs/" + name;
      if (name != without && !fs::exists(blob)) fs::copy(entry.path(), blob);
      fs::create_symlink("../../blobs/" + name, snapshot + "/" + name);
    }
    if (!ref.empty()) write_file(folder + "/refs/" + ref, commit);
  }
  Result cached(const Words& words, Environment environment = {}) const {
    environment.emplace("HF_HUB_CACHE", path("cache"));
    return run(words, {.environment = environment});
  }
  static std::vector<nlohmann::json> objects(const std::string& text) {
    std::vector<nlohmann::json> found;
    for (const std::string& line : lines_of(text)) found.push_back(nlohmann::json::parse(line));
    return found;
  }
};

TEST_F(ModelNames, TheBuiltInOneHasANameEverywhere) {
  const Result named = run({"info", "-m", "janus-tiny", "--json"});
  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(named.err, "");
  EXPECT_EQ(named.out, run({"info", "--json"}).out);
  EXPECT_EQ(run({"info", "janus-tiny", "--json"}).out, named.out);
  EXPECT_EQ(run({"tokenize", "a"}, {.environment = {{"JANUS_MODEL", "janus-tiny"}}}).err, "");
  EXPECT_EQ(run({"quantize", "janus-tiny", "-o", path("x.gguf"), "--type", "q8_0", "-q"}).code, 0);
  EXPECT_TRUE(fs::exists(path("x.gguf")));
  // A path is a path.
  EXPECT_EQ(run({"info", "-m", "./janus-tiny"}).code, 1);
  EXPECT_EQ(run({"info", "-m", path("janus-tiny")}).code, 1);
}

TEST_F(ModelNames, TheNoticeComesOnceAnHour) {
  const Environment state{{"XDG_STATE_HOME", path("state")}};
  const Words words{"tokenize", "a"};
  EXPECT_TRUE(has(run(words, {.environment = state}).err, "built-in janus-tiny"));
  EXPECT_EQ(run(words, {.environment = state}).err, "");
  const fs::path stamp = path("state/janus/builtin-notice");
  fs::last_write_time(stamp, fs::file_time_type::clock::now() - std::chrono::minutes(61));
  EXPECT_TRUE(has(run(words, {.environment = state}).err, "built-in janus-tiny"));
  EXPECT_TRUE(
      has(run({"tokenize", "a", "--builtin-notice", "always"}, {.environment = state}).err, "built-in"));
  EXPECT_EQ(run({"tokenize", "a", "--builtin-notice", "never"}).err, "");
  EXPECT_EQ(run(words, {.environment = {{"JANUS_BUILTIN_NOTICE", "never"}}}).err, "");
  // Where nothing can be remembered it comes every time, and is no fault.
  const Environment nowhere{{"XDG_STATE_HOME", "/proc/none"}};
  for (int i = 0; i < 2; ++i) {
    const Result result = run(words, {.environment = nowhere});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
  }
}

TEST_F(ModelNames, AShortNameIsEnoughWhereOneHasIt) {
  add("some-one/Own-Model", kFirst, "main");
  const std::string ids = cached({"tokenize", "a red circle", "-m", "some-one/Own-Model"}).out;
  EXPECT_NE(ids, "");
  EXPECT_EQ(cached({"tokenize", "a red circle", "-m", "Own-Model"}).out, ids);
  EXPECT_EQ(cached({"tokenize", "a red circle", "-m", "Own-Model@aaaa"}).out, ids);
  EXPECT_EQ(cached({"tokenize", "x", "-m", "Own-Model@dev"}).code, 1);
  EXPECT_EQ(cached({"tokenize", "x", "-m", "Own-Mode"}).code, 1);
  add("other/Own-Model", kFirst, "main");
  const Result several = cached({"tokenize", "x", "-m", "Own-Model"});
  EXPECT_EQ(several.code, 1);
  expect_one_error(several.err);
  EXPECT_TRUE(has(several.err, "other/Own-Model and some-one/Own-Model")) << several.err;
}

TEST_F(ModelNames, ListTellsWhatIsThere) {
  add("some-one/Own-Model", kFirst, "main");
  add("some-one/Own-Model", kSecond, "");
  add("some-one/half", kFirst, "main", "model.safetensors");
  fs::create_directories(repository("some-one/begun") + "/blobs");
  write_file(repository("some-one/begun") + "/blobs/x.incomplete", std::string(1000, 'x'));
  add("some-one/bert", kFirst, "main");
  fs::remove(repository("some-one/bert") + "/blobs/config.json");
  write_file(repository("some-one/bert") + "/blobs/config.json", R"({"model_type": "bert"})");

  const Result listed = cached({"list", "--json"});
  EXPECT_EQ(listed.code, 0);
  EXPECT_TRUE(has(listed.err, "1 more in the cache")) << listed.err;
  const auto models = objects(listed.out);
  ASSERT_EQ(models.size(), 5U) << listed.out;
  std::map<std::string, nlohmann::json> by_name;
  for (const auto& model : models)
    by_name[model["model"].get<std::string>() +
            (model["revision"].is_string() ? "@" + model["revision"].get<std::string>() : "")] = model;
  const auto& whole = by_name.at("some-one/Own-Model@main");
  EXPECT_EQ(whole["complete"], true);
  EXPECT_EQ(whole["commit"], kFirst);
  EXPECT_EQ(whole["layout"], "transformers");
  int64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(kModel)) bytes += static_cast<int64_t>(entry.file_size());
  EXPECT_EQ(whole["bytes"], bytes);
  EXPECT_EQ(by_name.at("some-one/Own-Model@" + kSecond)["complete"], true);
  EXPECT_EQ(by_name.at("some-one/half@main")["complete"], false);
  EXPECT_TRUE(has(by_name.at("some-one/half@main")["error"], "janus pull"));
  EXPECT_EQ(by_name.at("some-one/begun@main")["bytes"], 1000);
  EXPECT_EQ(by_name.at("janus-tiny")["builtin"], true);
  EXPECT_EQ(objects(cached({"list", "--all", "--json"}).out).size(), 6U);

  EXPECT_EQ(cached({"list", "-q", "--json"}).err, "");
  const Words names = lines_of(cached({"list", "--names"}).out);
  for (const char* name : {"Own-Model", "some-one/Own-Model", "janus-tiny"})
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  // No cache at all.
  EXPECT_EQ(lines_of(run({"list"}, {.environment = {{"HF_HUB_CACHE", "/no/such"}}}).out).size(), 2U);
}

TEST_F(ModelNames, ATableFitsTheTerminal) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  add("some-one/a-model-with-quite-a-long-name", kFirst, "main");
  for (const unsigned short columns : {40, 60, 120}) {
    Terminal terminal({"list"}, {{"HF_HUB_CACHE", path("cache")}}, columns);
    EXPECT_EQ(terminal.finish(), 0);
    for (const std::string& line : lines_of(terminal.shown())) EXPECT_LE(line.size(), columns + 1U) << line;
    EXPECT_TRUE(has(terminal.shown(), "a-model-with-quite-a-long-name"));
  }
}

TEST_F(ModelNames, RmTakesWhatNoOtherRevisionHas) {
  add("some-one/Own-Model", kFirst, "main");
  add("some-one/Own-Model", kSecond, "dev");
  const std::string folder = repository("some-one/Own-Model");
  write_file(folder + "/blobs/only-dev", std::string(500, 'x'));
  fs::create_symlink("../../blobs/only-dev", folder + "/snapshots/" + kSecond + "/notes.txt");
  write_file(path("precious"), "outside");
  fs::create_symlink(path("precious"), folder + "/snapshots/" + kSecond + "/link.txt");

  const Result removed = cached({"rm", "Own-Model@dev", "-y", "--json"});
  ASSERT_EQ(removed.code, 0) << removed.err;
  EXPECT_EQ(objects(removed.out)[0]["freed_bytes"], 500);
  EXPECT_FALSE(fs::exists(folder + "/snapshots/" + kSecond));
  EXPECT_FALSE(fs::exists(folder + "/refs/dev"));
  EXPECT_FALSE(fs::exists(folder + "/blobs/only-dev"));
  EXPECT_EQ(read_file(path("precious")), "outside");
  EXPECT_EQ(cached({"tokenize", "a", "-m", "Own-Model"}).code, 0) << "main is as it was";

  EXPECT_EQ(cached({"rm", "Own-Model", "--yes"}).code, 0);
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_EQ(read_file(path("precious")), "outside");
}

TEST_F(ModelNames, RmRefusesWhatIsNotItsOwn) {
  add("some-one/Own-Model", kFirst, "main");
  add("other/Own-Model", kFirst, "main");
  const std::string folder = repository("some-one/Own-Model");
  for (const char* name : {"janus-tiny", "Own-Model", "no/such", "some-one/Own-Model@dev", "../x", ".",
                           "/tmp", "some-one/../other"}) {
    const Result result = cached({"rm", "some-one/Own-Model", name, "-y"});
    EXPECT_EQ(result.code, 1) << name;
    expect_one_error(result.err);
    EXPECT_TRUE(fs::exists(folder)) << "nothing goes before all is found: " << name;
  }
  // Nobody can be asked.
  EXPECT_EQ(cached({"rm", "some-one/Own-Model"}).code, 2);
  // A link to elsewhere in the place of a repository.
  fs::create_directories(path("elsewhere/snapshots"));
  fs::create_directory_symlink(path("elsewhere"), repository("a/linked"));
  EXPECT_EQ(cached({"rm", "a/linked", "-y"}).code, 1);
  EXPECT_TRUE(fs::exists(path("elsewhere/snapshots")));
  // A download that runs.
  const std::string locks = path("cache/.locks/models--some-one--Own-Model");
  fs::create_directories(locks);
  const int lock = open((locks + "/x.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_TRUE(has(cached({"rm", "some-one/Own-Model", "-y"}).err, "downloading"));
  close(lock);
  EXPECT_EQ(cached({"rm", "some-one/Own-Model", "-y"}).code, 0);
}

TEST_F(ModelNames, RmAsksAPerson) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  add("some-one/Own-Model", kFirst, "main");
  for (const bool yes : {false, true}) {
    Terminal terminal({"rm", "Own-Model"}, {{"HF_HUB_CACHE", path("cache")}});
    ASSERT_TRUE(terminal.wait_for("? [y/N] ")) << terminal.shown();
    terminal.type(yes ? "y\r" : "\r");
    EXPECT_EQ(terminal.finish(), yes ? 0 : 1);
    EXPECT_EQ(fs::exists(repository("some-one/Own-Model")), !yes);
  }
}

}  // namespace
}  // namespace janus::test
