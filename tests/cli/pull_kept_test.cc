// janus pull and -m owner/repo with what the cache has: without a network, without a server, on disks that
// cannot be written or take no links, damaged, in part.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/cli/pull_fixture.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kOther = "aaaa456789abcdef0123456789abcdef01234567";

class Kept : public Pull {
 protected:
  // The cache as a first pull leaves it.
  void pull_once() {
    serve();
    ASSERT_EQ(pull({"-q"}).code, 0);
  }
  Result use(const std::string& name = kId, std::map<std::string, std::string> environment = {}) const {
    environment.emplace("HF_HUB_CACHE", path("cache"));
    return run({"tokenize", "a red circle", "-m", name}, {.environment = environment});
  }
  void add_snapshot(const std::string& commit) const {
    fs::create_directories(folder() + "/snapshots/" + commit);
    for (const auto& [name, text] : model_.files)
      write_file(folder() + "/snapshots/" + commit + "/" + name, text);
  }
};

TEST_F(Kept, OfflineNothingIsAskedAndWhatIsWholeWillDo) {
  pull_once();
  const size_t asked = server_->queries().size();
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    for (const char* value : {"1", "yes", "On", "TRUE"}) {
      Surroundings offline = around();
      offline.environment[name] = value;
      const Result result = run({"pull", kId}, offline);
      EXPECT_EQ(result.code, 0) << result.err;
      EXPECT_EQ(result.out, snapshot() + "\n");
      EXPECT_TRUE(has(result.err, std::string("$") + name)) << result.err;
      const auto record = nlohmann::json::parse(run({"pull", kId, "--json", "-q"}, offline).out);
      EXPECT_EQ(record["asked"], false);
      EXPECT_EQ(record["downloaded"], 0);
      EXPECT_EQ(record["bytes"], bytes());
    }
  }
  EXPECT_EQ(server_->queries().size(), asked);
  Surroundings online = around();
  online.environment["HF_HUB_OFFLINE"] = "0";
  EXPECT_EQ(run({"pull", kId, "-q"}, online).code, 0);
  EXPECT_EQ(server_->queries().size(), asked + 1);
}

TEST_F(Kept, OfflineWhatIsNotWholeIsOneLineThatNamesTheVariable) {
  serve();
  Surroundings offline = around();
  offline.environment["HF_HUB_OFFLINE"] = "1";
  const auto refused = [&](const std::string& part) {
    const Result result = run({"pull", kId, "-q"}, offline);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, "$HF_HUB_OFFLINE")) << result.err;
    EXPECT_TRUE(has(result.err, part)) << result.err;
    const Result used = use(kId, offline.environment);
    EXPECT_EQ(used.code, 1);
    EXPECT_TRUE(has(used.err, "unsetting $HF_HUB_OFFLINE")) << used.err;
  };
  refused("nothing of it there");
  ASSERT_EQ(pull({"-q"}).code, 0);
  fs::remove(blob(kWeights));
  refused("no model that opens");
  fs::remove(snapshot() + "/" + kWeights);
  refused("no model that opens");
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

TEST_F(Kept, WithTheServerDownWhatIsWholeWillDo) {
  pull_once();
  const Result down = pull_without_server();
  EXPECT_EQ(down.code, 0) << down.err;
  EXPECT_EQ(down.out, snapshot() + "\n");
  EXPECT_TRUE(has(down.err, "whether main has moved since is not known: http://127.0.0.1:1")) << down.err;
  for (const int status : {500, 502, 503, 429, 408}) {
    serve([=](const HttpQuery&) { return HttpReply{.status = status}; });
    const Result result = pull();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_TRUE(has(result.err, "status " + std::to_string(status))) << result.err;
    EXPECT_LE(server_->queries().size(), 2U) << "no long wait for what is not needed";
  }
  fs::remove(blob(kWeights));
  const Result broken = pull_without_server({"-q"});
  EXPECT_EQ(broken.code, 1);
  expect_one_error(broken.err);
}

TEST_F(Kept, AServerThatRefusesIsHeard) {
  pull_once();
  for (const int status : {401, 403, 404}) {
    serve([=](const HttpQuery&) { return HttpReply{.status = status}; });
    const Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_EQ(use().code, 0);
  }
}

// Neither locks nor refs nor folders are written.
TEST_F(Kept, AWholeCacheOnADiskThatCannotBeWrittenIsUsed) {
  fs::create_directory(path("cache"));
  if (mount("tmpfs", path("cache").c_str(), "tmpfs", 0, "size=8m") != 0)
    GTEST_SKIP() << "only root mounts a disk";
  pull_once();
  fs::remove_all(path("cache/.locks"));
  const std::string config = model_.files["config.json"];
  ASSERT_EQ(mount("tmpfs", path("cache").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  const Result again = pull(), down = pull_without_server(), used = use();
  Surroundings offline = around();
  offline.environment["HF_HUB_OFFLINE"] = "1";
  const Result without = run({"pull", kId}, offline);
  // Another name for it cannot be written down, which is said; another commit cannot come.
  const Result tagged = run({"pull", std::string(kId) + "@v1"}, around());
  model_.commit = kOther;
  model_.files["config.json"] += "\n";
  const Result moved = pull({"-q"});
  umount(path("cache").c_str());
  for (const Result& result : {again, down, used, without, tagged}) EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(has(tagged.err, std::string("-m ") + kId + "@0123456789")) << tagged.err;
  EXPECT_EQ(moved.code, 1);
  expect_one_error(moved.err);
  EXPECT_TRUE(has(moved.err, "Read-only file system")) << moved.err;
  EXPECT_TRUE(has(moved.err, std::string("meanwhile -m ") + kId)) << moved.err;
}

TEST_F(Kept, WhereLinksAreNotMadeTheSnapshotHoldsTheFiles) {
  serve();
  Surroundings unlinked = around();
  unlinked.environment["HF_HUB_DISABLE_SYMLINKS"] = "1";
  for (int round = 0; round < 2; ++round) {
    const Result result = run({"pull", kId}, unlinked);
    EXPECT_EQ(result.code, 0) << result.err;
    for (const auto& [name, text] : model_.files) {
      EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(snapshot() + "/" + name))) << name;
      EXPECT_EQ(read_file(snapshot() + "/" + name), text) << name;
      EXPECT_FALSE(fs::exists(blob(name))) << "twice the room";
    }
    EXPECT_EQ(use().code, 0);
  }
  EXPECT_EQ(server_->queries(kTarget).size(), 1U);
  EXPECT_EQ(pull_without_server({"-q"}).code, 0);
}

TEST_F(Kept, TheOnlySnapshotWithoutRefsIsTakenAndSaid) {
  add_snapshot(model_.commit);
  const Result used = use();
  EXPECT_EQ(used.code, 0) << used.err;
  EXPECT_TRUE(has(used.err, "the only one there, " + model_.commit)) << used.err;
  EXPECT_EQ(pull_without_server({"-q"}).code, 0);
  serve();
  EXPECT_EQ(pull({"-q"}).code, 0);
  EXPECT_TRUE(server_->queries(kTarget).empty());
  EXPECT_EQ(read_file(folder() + "/refs/main"), model_.commit);
  EXPECT_FALSE(has(use().err, "the only one there"));
}

TEST_F(Kept, OfSeveralTheOneToTakeIsAskedFor) {
  add_snapshot(model_.commit);
  add_snapshot(kOther);
  const Result used = use();
  EXPECT_EQ(used.code, 1);
  expect_one_error(used.err);
  EXPECT_TRUE(has(used.err, model_.commit + ", " + kOther)) << used.err;
  EXPECT_TRUE(has(used.err, std::string("-m ") + kId + "@" + model_.commit)) << used.err;
  EXPECT_EQ(use(std::string(kId) + "@aaaa").code, 0);
}

TEST_F(Kept, AMovedRefWithoutItsSnapshotIsNotPassedOver) {
  pull_once();
  write_file(folder() + "/refs/main", kOther);  // as huggingface_hub leaves it when a download is broken off
  const Result used = use();
  EXPECT_EQ(used.code, 1);
  expect_one_error(used.err);
  EXPECT_TRUE(has(used.err, kOther) && has(used.err, model_.commit) && has(used.err, "janus pull"))
      << used.err;
}

TEST_F(Kept, APartOfAModelIsNamedAndPullFetchesTheRest) {
  pull_once();
  for (const char* name : {"config.json", kWeights}) {
    fs::remove(snapshot() + "/" + name);
    const Result used = run({"info", "-q", "-m", kId}, around());
    EXPECT_EQ(used.code, 1);
    expect_one_error(used.err);
    EXPECT_TRUE(has(used.err, std::string("fetch the rest with: janus pull ") + kId)) << used.err;
    EXPECT_EQ(pull({"-q"}).code, 0);
    expect_whole();
  }
  EXPECT_EQ(server_->queries(kTarget).size(), 1U) << "the blob was there";
}

// Also of a file that no model needs: a link that leads nowhere could be any.
TEST_F(Kept, ALinkWithoutItsContentIsNamedAndPullFetchesIt) {
  model_.files["README.md"] = "words";
  pull_once();
  fs::create_symlink("../../blobs/" + model_.hash("README.md"), snapshot() + "/README.md");
  for (const char* name : {"README.md", "tokenizer_config.json"}) {
    fs::remove(blob(name));
    const Result used = use();
    EXPECT_EQ(used.code, 1);
    expect_one_error(used.err);
    EXPECT_TRUE(has(used.err, std::string(name) + " without its content")) << used.err;
    EXPECT_TRUE(has(used.err, std::string("janus pull ") + kId)) << used.err;
    EXPECT_EQ(pull({"-q"}).code, 0);
    EXPECT_EQ(use().code, 0);
  }
  expect_whole();
}

TEST_F(Kept, ADamagedFileOfTheRightSizeIsFetchedAgain) {
  pull_once();
  const auto damage = [&](size_t at) {
    std::string text = weights();
    text[at] = static_cast<char>(text[at] ^ 0x55);
    fs::remove(blob(kWeights));
    write_file(blob(kWeights), text);
  };
  damage(8);  // its header: no model opens
  const Result opened = pull();
  EXPECT_EQ(opened.code, 0) << opened.err;
  EXPECT_TRUE(has(opened.err, "model.safetensors: damaged in the cache")) << opened.err;
  expect_whole();
  damage(kWeightsBytes - 1);  // its numbers: only the hash tells
  EXPECT_EQ(pull({"--verify", "-q"}).code, 0);
  expect_whole();
  EXPECT_EQ(server_->queries(kTarget).size(), 3U);
  fs::remove(blob("config.json"));
  write_file(blob("config.json"), std::string(model_.files["config.json"].size(), '{'));
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

// "ready" is said of what opens, and of nothing else.
// What another program put there is not taken by its name and size alone, and not read at every pull.
TEST_F(Kept, ABlobThatWasThereIsHeldAgainstItsHashOnce) {
  const std::string told = "holding what is there against its hashes";
  fs::create_directories(folder() + "/blobs");
  std::string wrong = weights();
  wrong[wrong.size() - 1] = static_cast<char>(wrong.back() ^ 1);  // which opens all the same
  write_file(blob(kWeights), wrong);
  serve();
  const Result first = pull();
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(has(first.err, told) && has(first.err, "model.safetensors: damaged in the cache")) << first.err;
  expect_whole();
  EXPECT_FALSE(has(pull().err, told));
  // The same bytes in another file count as not seen yet.
  fs::remove(blob(kWeights));
  write_file(blob(kWeights), weights());
  const Result again = pull();
  EXPECT_TRUE(has(again.err, told) && !has(again.err, "damaged")) << again.err;
  EXPECT_FALSE(has(pull().err, told));
  EXPECT_TRUE(has(pull({"--verify"}).err, told));
  write_file(folder() + "/.janus-proven", "\xff not \n\n proven\n");
  EXPECT_TRUE(has(pull().err, told));
}

TEST_F(Kept, LinksInTheCacheAreNotWrittenThrough) {
  fs::create_directories(folder() + "/blobs");
  fs::create_directories(path("cache/.locks/models--some-one--some-model"));
  write_file(path("precious"), "mine");
  const std::string name = model_.hash(kWeights);
  for (const std::string& link : {blob(kWeights) + ".incomplete",
                                  path("cache/.locks/models--some-one--some-model/") + name + ".lock"}) {
    fs::remove(link);
    fs::create_symlink(path("precious"), link);
    serve();
    const Result result = pull({"-q", "--retries", "0"});
    EXPECT_EQ(result.code, 1) << link;
    expect_one_error(result.err);
    fs::remove(link);
  }
  fs::create_symlink(path("precious"), folder() + "/.janus-proven");
  EXPECT_EQ(pull({"-q"}).code, 0);
  EXPECT_EQ(read_file(path("precious")), "mine");
}

TEST_F(Kept, WhatKilledPullsLeftGoes) {
  fs::create_directories(snapshot());
  for (const std::string& place : {snapshot(), folder()})
    fs::create_symlink("nowhere", place + "/.janus-link-1-2");
  write_file(snapshot() + "/.janus-tmp-1-2", "half");
  serve();
  EXPECT_EQ(pull({"-q"}).code, 0);
  for (const std::string& place : {snapshot(), folder()}) {
    for (const auto& entry : fs::directory_iterator(place))
      EXPECT_TRUE(entry.path().filename() == ".janus-proven" || entry.path().filename().string()[0] != '.')
          << entry.path();
  }
}

TEST_F(Kept, WhatDoesNotOpenIsNotReady) {
  const std::map<std::string, std::string> whole = model_.files;
  const std::vector<std::pair<std::string, std::string>> spoilt{{"tokenizer.json", "{}"},
                                                                {kWeights, noise(1000)}};
  for (const auto& [name, text] : spoilt) {
    model_.files = whole;
    model_.files[name] = text;
    serve();
    for (int round = 0; round < 2; ++round) {
      const Result result = pull();
      EXPECT_EQ(result.code, 1);
      EXPECT_EQ(result.out, "");
      EXPECT_FALSE(has(result.err, "ready")) << result.err;
      EXPECT_TRUE(has(result.err, "no model opens")) << result.err;
      EXPECT_FALSE(fs::exists(folder() + "/refs/main"));
    }
    EXPECT_EQ(server_->queries("/" + name).size(), 1U);
    fs::remove_all(path("cache"));
  }
}

TEST_F(Kept, AModelOfAnotherKindIsRefusedBeforeItsWeightsCome) {
  model_.files["config.json"] = "{\"model_type\": \"llama\"}";
  serve();
  const Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "found \"llama\"; use a Janus")) << result.err;
  EXPECT_TRUE(server_->queries(kTarget).empty());
}

TEST_F(Kept, ASlipInTheNameIsPointedOut) {
  pull_once();
  const Result capitals = use("Some-One/some-Model");
  EXPECT_TRUE(has(capitals.err, std::string("found ") + kId + " in the cache; check the name"))
      << capitals.err;
  const Result folder = use("tmp/model");
  EXPECT_TRUE(has(folder.err, "found neither")) << folder.err;
}

TEST_F(Kept, OfTwoSavesTheOneThatLoadsIsFetched) {
  model_.files.merge(shards_of(weights(), 2));
  model_.files.erase("model-00002-of-00002.safetensors");  // the index leads nowhere
  serve();
  const Result result = pull();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(fs::exists(snapshot() + "/" + kWeights));
  EXPECT_FALSE(fs::exists(snapshot() + "/model-00001-of-00002.safetensors"));
  EXPECT_EQ(run({"info", "-q", "-m", kId}, around()).code, 0);
}

TEST_F(Kept, ATildeIsAHomeFolderWhereNoShellHasSeenIt) {
  fs::create_directory_symlink(kModel, path("model"));
  const std::map<std::string, std::string> home{{"HOME", folder_}, {"JANUS_CONFIG_FILE", ""}};
  EXPECT_EQ(run({"tokenize", "a", "-q", "-m", "~/model"}, {.environment = home}).code, 0);
  std::map<std::string, std::string> environment = home;
  environment["JANUS_MODEL"] = "~/model";
  EXPECT_EQ(run({"tokenize", "a", "-q"}, {.environment = environment}).code, 0);
  if (JANUS_WITH_TOML == 0) return;
  write_file(path("config.toml"), "model = \"~/model\"\n");
  environment = {{"HOME", folder_}, {"JANUS_CONFIG_FILE", "~/config.toml"}};
  EXPECT_EQ(run({"tokenize", "a", "-q"}, {.environment = environment}).code, 0);
  const Result nobody = run({"tokenize", "a", "-q", "-m", "~no-such-user/x"}, {.environment = home});
  EXPECT_EQ(nobody.code, 1);
  expect_one_error(nobody.err);
  EXPECT_TRUE(has(nobody.err, "no such user")) << nobody.err;
}

}  // namespace
}  // namespace janus::test
