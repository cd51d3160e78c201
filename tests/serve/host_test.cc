// Models behind the server: their names, loading and unloading, the queue, and what becomes of requests.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "cli/serve/host/loading_host.h"

namespace janus::cli {
namespace {

using Served = std::shared_ptr<ServedModel>;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kOther = std::string(JANUS_TEST_DATA) + "/models/tied-mixed";

struct Asked {
  std::promise<Served> promise;
  int status = 200;
  std::string message;
};

class Host : public testing::Test {
 protected:
  void open(HostSettings settings, const std::vector<std::string>& models = {},
            const std::vector<std::string>& aliases = {}) {
    settings.common.quiet = true;
    settings.common.threads = 1;
    settings.models = name_models(models, aliases);
    host_ = std::make_unique<LoadingHost>(std::move(settings), metrics_, console_);
  }
  void wait_for_start() {
    for (int i = 0; i < 2'000 && !host_->started() && host_->start_fault().empty(); ++i) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  // The model, or null with what was said instead.
  Served ask(const std::string& name) {
    const auto asked = std::make_shared<Asked>();
    std::future<Served> future = asked->promise.get_future();
    host_->ask(
        name, [asked](Served model) { asked->promise.set_value(std::move(model)); },
        [asked](const ApiError& error) {
          asked->status = error.status;
          asked->message = error.what();
          asked->promise.set_value(nullptr);
        });
    if (future.wait_for(seconds(20)) != std::future_status::ready) {
      status_ = 0;
      return nullptr;
    }
    Served model = future.get();
    status_ = asked->status;
    message_ = asked->message;
    return model;
  }
  std::vector<std::string> loaded() const {
    std::vector<std::string> names;
    for (const ModelSummary& summary : host_->summaries()) {
      if (summary.loaded) names.push_back(summary.name);
    }
    return names;
  }
  bool becomes(const std::vector<std::string>& names) const {
    for (int i = 0; i < 1'000 && loaded() != names; ++i) std::this_thread::sleep_for(milliseconds(10));
    return loaded() == names;
  }

  Console console_{/*quiet=*/true, /*verbose=*/false};
  Metrics metrics_;
  std::unique_ptr<LoadingHost> host_;
  int status_ = 200;
  std::string message_;
};

ImageRequest image_request() { return {.prompt = "a red circle", .sampling = {.seed = 1}}; }

// An image that is being made, until it has come to its end.
struct Made {
  std::promise<std::string> end;
  ImageSink sink() {
    return {.on_done = [this](GeneratedImage&) { end.set_value("done"); },
            .on_error =
                [this](const std::exception_ptr& error) {
                  try {
                    std::rethrow_exception(error);
                  } catch (const std::exception& found) {
                    end.set_value(found.what());
                  }
                }};
  }
};

TEST(ModelNames, ComeFromPathsAndAliases) {
  const auto models = name_models({"janus-tiny", "deepseek-community/Janus-Pro-1B@main", "models/x.gguf"},
                                  {"gpt-image-1", "vision=Janus-Pro-1B"});
  EXPECT_EQ(models[0].name, "janus-tiny");
  EXPECT_EQ(models[1].name, "Janus-Pro-1B");
  EXPECT_EQ(models[2].name, "x");
  for (const auto& [asked, place] : std::vector<std::pair<std::string, size_t>>{{"", 0},
                                                                                {"janus-tiny", 0},
                                                                                {"janus-tiny:latest", 0},
                                                                                {"gpt-image-1", 0},
                                                                                {"Janus-Pro-1B", 1},
                                                                                {"vision", 1},
                                                                                {"models/x.gguf", 2},
                                                                                {"x:latest", 2}}) {
    EXPECT_EQ(find_model(models, asked), place) << asked;
  }
  EXPECT_FALSE(find_model(models, "gpt-4o"));
  EXPECT_EQ(name_models({}, {})[0].name, "janus-tiny");
  EXPECT_THROW(name_models({"a/x", "b/x"}, {}), Error);
  EXPECT_THROW(name_models({"a/x"}, {"y=z"}), Error);
  EXPECT_THROW(name_models({"a/x", "a/y"}, {"y=x"}), Error);
}

TEST_F(Host, RefusesUntilTheFirstIsLoaded) {
  open({});
  if (const Served early = ask(""); early == nullptr) {
    EXPECT_EQ(status_, 503);
  }
  wait_for_start();
  EXPECT_FALSE(host_->unready());
  const Served model = ask("");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->summary().name, "janus-tiny");
  EXPECT_EQ(model->summary().device, "cpu");
  EXPECT_GT(model->summary().rows, 0);
  EXPECT_EQ(ask("nobody"), nullptr);
  EXPECT_EQ(status_, 404);
  EXPECT_NE(message_.find("janus-tiny"), std::string::npos);
}

TEST_F(Host, TellsWhatTheFilesSay) {
  open({}, {"janus-tiny", kOther});
  const auto summaries = host_->summaries();
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[1].name, "tied-mixed");
  for (const ModelSummary& summary : summaries) {
    EXPECT_EQ(summary.family, "janus");
    EXPECT_GT(summary.bytes, 1'000);
    EXPECT_GT(summary.parameters, 1'000);
    EXPECT_GT(summary.context_length, 100);
    EXPECT_GT(summary.created, 1'500'000'000);
    EXPECT_FALSE(summary.fingerprint.empty());
  }
  EXPECT_NE(summaries[0].fingerprint, summaries[1].fingerprint);
  EXPECT_THROW(open({}, {"/nowhere/model"}), Error);
}

TEST_F(Host, LoadsOthersWhenTheyAreAsked) {
  open({}, {"janus-tiny", kOther});
  wait_for_start();
  EXPECT_EQ(loaded(), std::vector<std::string>{"janus-tiny"});
  ASSERT_NE(ask("tied-mixed"), nullptr);
  EXPECT_EQ(loaded(), (std::vector<std::string>{"janus-tiny", "tied-mixed"}));
}

TEST_F(Host, HoldsOneAtATimeWhereToldTo) {
  open({.most_loaded = 1}, {"janus-tiny", kOther});
  wait_for_start();
  ASSERT_NE(ask("tied-mixed"), nullptr);
  EXPECT_TRUE(becomes({"tied-mixed"}));
  // One that is in use goes when it is let go of, and not before.
  Served held = ask("tied-mixed");
  ASSERT_NE(held, nullptr);
  std::promise<Served> other;
  host_->ask(
      "janus-tiny", [&](Served model) { other.set_value(std::move(model)); }, [](const ApiError&) {});
  std::future<Served> future = other.get_future();
  EXPECT_EQ(future.wait_for(milliseconds(300)), std::future_status::timeout);
  EXPECT_EQ(loaded(), std::vector<std::string>{"tied-mixed"});
  held.reset();
  ASSERT_EQ(future.wait_for(seconds(20)), std::future_status::ready);
  EXPECT_EQ(future.get()->summary().name, "janus-tiny");
  EXPECT_EQ(loaded(), std::vector<std::string>{"janus-tiny"});
}

TEST_F(Host, TellsWhenAModelWillBeUnloaded) {
  open({});
  wait_for_start();
  EXPECT_EQ(host_->summaries()[0].unloads, 0) << "never";
  open({.keep_alive_s = 600});
  wait_for_start();
  ask("");
  constexpr int64_t kTolerance_s = 30;  // of a machine that does much else
  EXPECT_NEAR(static_cast<double>(host_->summaries()[0].unloads),
              static_cast<double>(std::time(nullptr) + 600), kTolerance_s);
}

TEST_F(Host, UnloadsWhatNobodyAsksFor) {
  open({.keep_alive_s = 1});
  wait_for_start();
  EXPECT_EQ(loaded().size(), 1U);
  EXPECT_TRUE(becomes({}));
  EXPECT_FALSE(host_->unready());
  EXPECT_NE(ask(""), nullptr);
}

TEST_F(Host, SaysWhyTheFirstCannotBeLoaded) {
  // More threads than any pool takes are refused by the device, when it is opened.
  HostSettings settings;
  settings.common.device = "cuda:99";
  open(std::move(settings));
  wait_for_start();
  EXPECT_FALSE(host_->started());
  EXPECT_NE(host_->start_fault().find("cuda"), std::string::npos) << host_->start_fault();
  EXPECT_TRUE(host_->unready());
}

TEST_F(Host, RefusesWhereTheQueueIsFull) {
  open({.rows = 1, .queue = 2});
  wait_for_start();
  const Served model = ask("");
  ASSERT_NE(model, nullptr);
  // The engine does nothing meanwhile.
  std::promise<void> go;
  model->call([waits = go.get_future().share()](const Model&) { waits.wait(); });
  std::vector<Made> made(3);
  for (Made& one : made) model->submit(image_request(), one.sink());
  Made more;
  try {
    model->submit(image_request(), more.sink());
    ADD_FAILURE() << "taken";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 429);
    EXPECT_TRUE(error.retry_after_s);
  }
  go.set_value();
  for (Made& one : made) EXPECT_EQ(one.end.get_future().get(), "done");
  model->submit(image_request(), more.sink());
  EXPECT_EQ(more.end.get_future().get(), "done");
  EXPECT_NE(
      metrics_.text().find("janus_requests_total{model=\"janus-tiny\",kind=\"image\",outcome=\"ok\"} 4"),
      std::string::npos)
      << metrics_.text();
  EXPECT_NE(metrics_.text().find("outcome=\"refused\"} 1"), std::string::npos);
}

TEST_F(Host, RefusesWhatCanNeverBeMet) {
  open({});
  wait_for_start();
  const Served model = ask("");
  ASSERT_NE(model, nullptr);
  Made made;
  ImageRequest request = image_request();
  request.guidance = -1;
  try {
    model->submit(request, made.sink());
    ADD_FAILURE() << "taken";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 400);
  }
  EXPECT_NE(metrics_.text().find("janus_requests_waiting{model=\"janus-tiny\"} 0"), std::string::npos);
}

TEST_F(Host, EndsRequestsWhenTheyAreCancelledOrTheServerEnds) {
  open({});
  wait_for_start();
  Served model = ask("");
  ASSERT_NE(model, nullptr);
  std::promise<void> go;
  model->call([waits = go.get_future().share()](const Model&) { waits.wait(); });
  Made cancelled, cut;
  const RequestId id = model->submit(image_request(), cancelled.sink());
  model->submit(image_request(), cut.sink());
  model->cancel(id);
  go.set_value();
  EXPECT_NE(cancelled.end.get_future().get().find("cancelled"), std::string::npos);
  model->call([&](const Model&) { std::this_thread::sleep_for(milliseconds(1)); });
  host_->stop();
  const std::string end = cut.end.get_future().get();
  EXPECT_TRUE(end == "done" || end.find("stopped") != std::string::npos) << end;
  EXPECT_EQ(ask(""), nullptr);
  EXPECT_EQ(status_, 503);
  // Whoever still holds the model may let go of it after the host has gone.
  host_.reset();
  model.reset();
}

TEST_F(Host, LetsGoOfAModelOnItsOwnThread) {
  open({.most_loaded = 1}, {"janus-tiny", kOther});
  wait_for_start();
  for (int i = 0; i < 20; ++i) {
    const std::string name = i % 2 == 0 ? "tied-mixed" : "janus-tiny";
    Served model = ask(name);
    ASSERT_NE(model, nullptr) << i;
    ServedModel& engine = *model;
    engine.call([held = std::move(model)](const Model&) mutable { held.reset(); });
  }
}

}  // namespace
}  // namespace janus::cli
