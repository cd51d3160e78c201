// What janus says of an image can be given back to it: `info`, `generate --from`, lines of `--prompts`.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

constexpr bool kLibraries = JANUS_WITH_IMAGES != 0;

// An image file of one colour with `text` in it.
std::string image_with(ImageFormat format, const ImageText& text) {
  const Image image{.width = 8, .height = 8, .pixels = std::vector<uint8_t>(8 * 8 * 3, 100)};
  const std::vector<std::byte> bytes = encode_image(image, format, text);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class FromImage : public InFolder {
 protected:
  Result generate(Words words) const {
    words.insert(words.begin(), "generate");
    words.emplace_back("-q");
    return run_model(words);
  }
  // The settings of an image that `words` make.
  Json made(const std::string& name, Words words) const {
    words.insert(words.end(), {"-o", path(name)});
    const Result result = generate(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return settings_of(name);
  }
  Json settings_of(const std::string& name) const {
    const Result result = run({"info", path(name), "--json"});
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }
  // Every setting there is, each another than the usual one.
  static Words everything() {
    return {"a <|User|> caf\xC3\xA9, \"red\"",
            "--special-tokens",
            "--negative-prompt",
            "blurred",
            "--cfg-scale",
            "3.5",
            "--temperature",
            "0.8",
            "--top-k",
            "20",
            "--top-p",
            "0.9",
            "-s",
            "7"};
  }
  static Words formats() { return kLibraries ? Words{".png", ".jpg", ".webp"} : Words{".png", ".jpg"}; }
};

TEST_F(FromImage, TheSameImageComesOutByteForByte) {
  for (const std::string& extension : formats()) {
    SCOPED_TRACE(extension);
    made("x" + extension, everything());
    made("y" + extension, {"--from", path("x" + extension)});
    EXPECT_EQ(read_file(path("y" + extension)), read_file(path("x" + extension)));
    const Result piped = run_model({"generate", "--from", "-", "-o", path("z" + extension), "-q"},
                                   {.input = read_file(path("x" + extension))});
    EXPECT_EQ(piped.code, 0) << piped.err;
    EXPECT_EQ(read_file(path("z" + extension)), read_file(path("x" + extension)));
  }
}

TEST_F(FromImage, EveryFormatTellsTheSameAndInfoReadsItFromStandardInput) {
  Json first;
  for (const std::string& extension : formats()) {
    Json settings = made("x" + extension, everything());
    EXPECT_EQ(settings.erase("quality"), extension == ".png" ? 0U : 1U);
    if (first.is_null()) first = settings;
    EXPECT_EQ(settings, first);
    EXPECT_EQ(run({"info", "-", "--json"}, {.input = read_file(path("x" + extension))}).out,
              run({"info", path("x" + extension), "--json"}).out);
  }
  for (const char* key : {"model", "model_fingerprint", "type", "device", "version"}) {
    EXPECT_TRUE(first.contains(key)) << key;
  }
  EXPECT_FALSE(first.contains("guidance"));
}

TEST_F(FromImage, OptionsOfTheCommandLineWinOverTheImageAndThatOverTheEnvironment) {
  made("x.png", everything());
  const Json settings = made("y.png", {"another", "--from", path("x.png"), "-s", "9", "--top-k", "5"});
  EXPECT_EQ(settings["prompt"], "another");
  EXPECT_EQ(settings["seed"], 9);
  EXPECT_EQ(settings["top_k"], 5);
  EXPECT_EQ(settings["cfg_scale"], 3.5);
  EXPECT_EQ(settings["negative_prompt"], "blurred");
  EXPECT_FALSE(made("y.png", {"--from", path("x.png"), "--cfg-scale", "1"}).contains("negative_prompt"));
  const Result result = run_model({"generate", "--from", path("x.png"), "-o", path("z.png"), "-q"},
                                  {.environment = {{"JANUS_TOP_K", "3"}, {"JANUS_SEED", "3"}}});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(path("z.png")), read_file(path("x.png")));
}

TEST_F(FromImage, WhatInfoPrintsIsALineOfPrompts) {
  made("x.png", everything());
  made("one.png", {"a red circle", "--best-of", "2", "-s", "3"});
  write_file(path("list.jsonl"),
             run({"info", path("x.png"), "--json"}).out + run({"info", path("one.png"), "--json"}).out);
  const Result result = generate({"--prompts", path("list.jsonl"), "-o", path("out/")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(path("out/00000.png")), read_file(path("x.png")));
  // The one that was kept, alone: its pixels, and no word of the others.
  EXPECT_EQ(read_image(path("out/00001.png")).image.pixels, read_image(path("one.png")).image.pixels);
  // So are the records, and what --json prints.
  for (const std::string& lines : {read_file(path("out/janus-records.jsonl"))}) {
    Json record = Json::parse(lines.substr(0, lines.find('\n')));
    record.erase("output");
    write_file(path("records.jsonl"), record.dump());
    EXPECT_EQ(generate({"--prompts", path("records.jsonl"), "-o", path("again/")}).code, 0);
    EXPECT_EQ(read_file(path("again/00000.png")), read_file(path("x.png")));
  }
}

TEST_F(FromImage, SettingsOfOlderImagesAreReadUnderTheirOldName) {
  write_file(
      path("old.png"),
      image_with(
          ImageFormat::png,
          {{"janus",
            R"({"prompt":"a ring","seed":4,"guidance":2.5,"temperature":1.0,"top_k":0,"top_p":1.0,"model":"x","type":"native"})"}}));
  EXPECT_EQ(settings_of("old.png")["cfg_scale"], 2.5);
  const Json settings = made("y.png", {"--from", path("old.png")});
  EXPECT_EQ(settings["cfg_scale"], 2.5);
  EXPECT_EQ(settings["seed"], 4);
  write_file(path("list.jsonl"), R"({"prompt": "a ring", "guidance": 2.5, "seed": 4})");
  ASSERT_EQ(generate({"--prompts", path("list.jsonl"), "-o", path("out/")}).code, 0);
  EXPECT_EQ(read_file(path("out/00000.png")), read_file(path("y.png")));
}

TEST_F(FromImage, SaysInOneLineWhatIsAnotherThanTheImageHad) {
  made("x.png", {"a ring"});
  const auto notices = [&](const Words& words) {
    Words all{"generate", "--from", path("x.png"), "-o", path("y.png")};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = run(all);
    EXPECT_EQ(result.code, 0) << result.err;
    std::string found;
    for (const std::string& line : lines_of(result.err)) {
      if (line.find("made with") != std::string::npos) found += line + "\n";
    }
    return found;
  };
  EXPECT_EQ(notices({"-m", kModel}), "");
  EXPECT_EQ(notices({"-m", kModel + "/"}), "") << "the same model under another name";
  const std::string type = notices({"-m", kModel, "--type", "f32"});
  EXPECT_EQ(lines_of(type).size(), 1U) << type;
  EXPECT_NE(type.find("type native"), std::string::npos) << type;
  EXPECT_NE(type.find("type f32"), std::string::npos) << type;
  const std::string other = notices({"-m", std::string(JANUS_TEST_DATA) + "/models/grouped-query"});
  EXPECT_EQ(lines_of(other).size(), 1U) << other;
  EXPECT_NE(other.find("model " + kModel), std::string::npos) << other;
}

TEST_F(FromImage, TakesWhatMeansTheSameFromImagesOfOtherPrograms) {
  const std::string text =
      "a lighthouse, dusk\nin fog\nNegative prompt: blurred,\nlow quality\nSteps: 20, Sampler: \"Euler, a\", "
      "CFG scale: 7.5, Seed: 123, Size: 512x512, Model: sd";
  for (const std::string& extension : formats()) {
    write_file(path("a1111" + extension),
               image_with(*image_format_of("x" + extension), {{"parameters", text}}));
    const Result result = run_model({"generate", "--from", path("a1111" + extension), "-o", path("x.png")});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_NE(result.err.find("; Sampler, Size, Model mean nothing here"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("steps are passed over"), std::string::npos) << result.err;
    const Json settings = settings_of("x.png");
    EXPECT_EQ(settings["prompt"], "a lighthouse, dusk\nin fog");
    EXPECT_EQ(settings["negative_prompt"], "blurred,\nlow quality");
    EXPECT_EQ(settings["cfg_scale"], 7.5);
    EXPECT_EQ(settings["seed"], 123);
  }
  const auto from = [&](const std::string& parameters) {
    write_file(path("f.png"), image_with(ImageFormat::png, {{"parameters", parameters}}));
    return made("y.png", {"--from", path("f.png")});
  };
  EXPECT_EQ(from("only words: of a prompt")["prompt"], "only words: of a prompt");
  EXPECT_FALSE(from("x\nNegative prompt: y\nSteps: 4, CFG scale: 1, Seed: 5").contains("negative_prompt"));
  EXPECT_EQ(from("x\nSteps: 4, CFG scale: many, Seed: 99999999999")["seed"], 42);
}

TEST_F(FromImage, WrongSettingsAreOneErrorBeforeAnyWork) {
  for (const std::string settings :
       {"{\"seed\": 3}", "{\"prompt\": 3}", "{\"prompt\": \" \"}", "{\"prompt\": \"x\", \"seed\": -1}",
        "{\"prompt\": \"x\", \"cfg_scale\": \"5\"}", "{\"prompt\": \"x\", \"top_p\": 2}",
        "{\"prompt\": \"x\", \"upscale\": 900}", "{\"prompt\": \"x\", \"quality\": 0}",
        "{\"prompt\": \"x\", \"model\": 3}",
        "{\"prompt\": \"x\", \"cfg_scale\": 1, \"negative_prompt\": \"y\"}", "[]", "{", ""}) {
    write_file(path("bad.png"), image_with(ImageFormat::png, {{"janus", settings}}));
    const Result result =
        run({"generate", "--from", path("bad.png"), "-o", path("y.png"), "-m", "/no/such/model"});
    EXPECT_EQ(result.code, 1) << settings;
    expect_one_error(result.err);
    EXPECT_EQ(result.err.find("/no/such/model"), std::string::npos) << settings << result.err;
  }
  EXPECT_EQ(generate({"--from", image_file("plain.png"), "-o", path("y.png")}).code, 1);
  EXPECT_EQ(generate({"--from", path("none.png"), "-o", path("y.png")}).code, 1);
  write_file(path("list.txt"), "x");
  EXPECT_EQ(
      generate({"--from", image_file("plain.png"), "--prompts", path("list.txt"), "-o", path("o/")}).code, 2);
}

TEST_F(FromImage, OtherNamesOfTheScaleAreTaken) {
  const std::string usual = made("x.png", {"a ring", "--cfg-scale", "2"}).dump();
  for (const char* name : {"--cfg", "--guidance", "--guidance-scale", "--cfg-weight"}) {
    EXPECT_EQ(made("x.png", {"a ring", name, "2"}).dump(), usual) << name;
  }
  EXPECT_EQ(run({"generate", "--help"}).out.find("--guidance"), std::string::npos);
}

TEST_F(FromImage, LossyImagesTellWhatMadeThemToo) {
  for (const std::string& extension : formats()) {
    const std::string pattern = path("many-%d" + extension);
    ASSERT_EQ(generate({"a ring", "-b", "2", "-o", pattern}).code, 0);
    // The same goes on, another is refused.
    EXPECT_EQ(generate({"a ring", "-b", "3", "-o", pattern}).code, 0) << extension;
    EXPECT_EQ(generate({"another ring", "-b", "2", "-o", pattern}).code, 1) << extension;
    if (extension == ".png") continue;
    EXPECT_EQ(generate({"a ring", "-b", "2", "-o", pattern, "--quality", "50"}).code, 1) << extension;
  }
}

TEST_F(FromImage, QualityIsOfJpegAndWebp) {
  for (const std::string& extension : formats()) {
    if (extension == ".png") continue;
    const Json usual = made("x" + extension, {"a ring"}),
               low = made("y" + extension, {"a ring", "--quality", "20"});
    EXPECT_EQ(usual["quality"], 95);
    EXPECT_EQ(low["quality"], 20);
    EXPECT_LT(std::filesystem::file_size(path("y" + extension)),
              std::filesystem::file_size(path("x" + extension)));
    made("z" + extension, {"--from", path("y" + extension)});
    EXPECT_EQ(read_file(path("z" + extension)), read_file(path("y" + extension)));
  }
  for (const Words& words :
       {Words{"a ring", "-o", path("p.png"), "--quality", "50"},
        Words{"a ring", "-o", "-", "--quality", "50"}, Words{"a ring", "-o", path("x.jpg"), "--quality", "0"},
        Words{"a ring", "-o", path("x.jpg"), "--quality", "101"}}) {
    const Result result = generate(words);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
  }
  EXPECT_EQ(generate({"a ring", "-o", path("p.png"), "--grid", path("g.jpg"), "--quality", "50"}).code, 0);
  if (!kLibraries) return;
  made("p.png", {"a ring"});
  made("w.webp", {"a ring", "--quality", "100"});
  EXPECT_EQ(read_image(path("w.webp")).image.pixels, read_image(path("p.png")).image.pixels)
      << "100 is lossless";
  ASSERT_EQ(run_model({"encode", path("p.png"), "-o", path("c.json"), "-q"}).code, 0);
  EXPECT_EQ(run_model({"decode", path("c.json"), "-o", path("d.png"), "--quality", "9", "-q"}).code, 2);
  ASSERT_EQ(run_model({"decode", path("c.json"), "-o", path("d.jpg"), "--quality", "9", "-q"}).code, 0);
  ASSERT_EQ(run_model({"decode", path("c.json"), "-o", path("e.jpg"), "-q"}).code, 0);
  EXPECT_LT(std::filesystem::file_size(path("d.jpg")), std::filesystem::file_size(path("e.jpg")));
}

TEST_F(FromImage, HostileBlocksAreOneError) {
  write_file(path("deep.png"),
             image_with(ImageFormat::png, {{"janus", "{\"prompt\": " + std::string(1'000'000, '[')},
                                           {"parameters", std::string(100'000, ',')}}));
  expect_one_error(run({"info", path("deep.png")}).err);
  const std::string deep(200'000, '[');
  write_file(
      path("deep.png"),
      image_with(ImageFormat::png, {{"janus", "{\"a\": " + deep + std::string(deep.size(), ']') + "}"}}));
  expect_one_error(run({"info", path("deep.png")}).err);
  const std::string good = image_with(ImageFormat::jpeg, {{"janus", "{\"prompt\": \"x\"}"}});
  for (size_t at = 0; at < 120; ++at) {
    std::string bad = good;
    bad[at] = '\xFF';
    write_file(path("bad.jpg"), bad);
    const Result result = run({"info", path("bad.jpg")});
    EXPECT_TRUE(result.code == 0 || result.code == 1) << at << result.err;
    if (result.code == 1) expect_one_error(result.err);
  }
}

TEST_F(FromImage, OneInputAloneComesFromStandardInput) {
  const std::string image = image_file("a.png");
  write_file(path("c.json"), run_model({"encode", image, "-o", "-", "-q"}).out);
  // What stands in a file, and its place among the words of a command that reads it.
  const std::vector<std::pair<std::string, Words>> inputs{
      {image, {"describe", "@", "-n", "3"}},
      {image, {"embed", "@", "-o", "-"}},
      {image, {"encode", "@", "-o", "-"}},
      {image, {"score", "@", "-p", "a ring"}},
      {image, {"score", "--image", "@", "--text", "A ring."}},
      {path("c.json"), {"score", "--codes", "@", "-p", "a ring"}},
      {path("c.json"), {"decode", "@", "-o", "-"}}};
  for (const auto& [file, words] : inputs) {
    SCOPED_TRACE(words[0] + " " + words[1]);
    Words named = words, piped = words;
    std::replace(named.begin(), named.end(), std::string("@"), file);
    std::replace(piped.begin(), piped.end(), std::string("@"), std::string("-"));
    for (Words* all : {&named, &piped}) all->emplace_back("-q");
    const Result of_file = run_model(named);
    EXPECT_EQ(of_file.code, 0) << of_file.err;
    EXPECT_EQ(run_model(piped, {.input = read_file(file)}).out, of_file.out);
  }
  EXPECT_EQ(run_model({"tokenize", "-"}, {.input = "a red circle\n"}).out,
            run_model({"tokenize", "a red circle"}).out);
  ASSERT_EQ(run_model({"generate", "-", "-o", path("x.png"), "-q"}, {.input = "a ring\r\n"}).code, 0);
  EXPECT_EQ(settings_of("x.png")["prompt"], "a ring");
  EXPECT_EQ(run_model({"score", image, "-p", "-", "-q"}, {.input = "a ring"}).out,
            run_model({"score", image, "-p", "a ring", "-q"}).out);
}

TEST_F(FromImage, TwoThatWantStandardInputAreRefused) {
  for (const Words& words :
       {Words{"describe", "-", "-p", "-"}, Words{"describe", "-", "-"}, Words{"score", "-", "-p", "-"},
        Words{"score", "--codes", "-", "-p", "-"}, Words{"generate", "-", "--from", "-", "-o", path("x.png")},
        Words{"generate", "-", "--negative-prompt", "-", "-o", path("x.png")},
        Words{"generate", "--prompts", "-", "--negative-prompt", "-", "-o", path("o/")},
        Words{"caption", "-", "--prompt-file", "-", "-o", path("o.jsonl")}}) {
    const Result result = run(words, {.input = "x"});
    EXPECT_EQ(result.code, 2) << words[0];
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("standard input"), std::string::npos) << result.err;
  }
}

}  // namespace
}  // namespace janus::test
