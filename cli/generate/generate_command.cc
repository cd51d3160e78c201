// janus generate: images from a prompt, or from a list of them.
#include <fmt/format.h>

#include <memory>

#include "cli/app/command.h"
#include "cli/app/window_options.h"
#include "cli/generate/from_image.h"
#include "cli/generate/generate_run.h"
#include "cli/generate/layout.h"
#include "cli/io/image_output.h"
#include "vision/contact_sheet.h"

namespace janus::cli {
namespace {

// Adds an option to those that mean something beside another alone.
void belongs(std::vector<const OptionEntry*>& group, const OptionEntry& entry) { group.push_back(&entry); }

void declare_list(GenerateSettings& settings, OptionSet& options) {
  options.option("--prompts", "FILE", input_path(settings.prompts),
                 "a prompt a line, - for standard input; FILE.jsonl: objects with prompt, and if given seed, "
                 "negative_prompt, cfg_scale, steps, temperature, top_k, top_p, special_tokens, upscale, "
                 "quality, count, "
                 "output, as info --json prints them of an image. OUT is a folder or "
                 "has a %05d. Started "
                 "again, goes on where it stopped");
  auto& group = settings.with_prompts;
  belongs(group, options.option("--layout", "NAME", one_of(settings.layout, {"numbered", "geneval", "dpg"}),
                                "with --prompts: numbered images; or a benchmark, whose prompts FILE is "
                                "and whose scorer reads OUT: GenEval's evaluation_metadata.jsonl, or "
                                "DPG-Bench's folder of .txt files; COUNT is 4 then"));
  belongs(group,
          options.option("--records", "FILE", some_text(settings.records),
                         fmt::format("with --prompts: what is done, a line of JSON an image (default {} "
                                     "beside the images)",
                                     kRecordsName)));
  belongs(group, options.flag("--retry-errors", settings.retry_errors,
                              "with --prompts: try again what failed in an earlier run"));
}

void declare_choice(GenerateSettings& settings, OptionSet& options) {
  options.option("--best-of", "N", number(settings.best_of, {1, kMostCandidates}),
                 "draw N candidates, {range}, under seeds from --seed on, and keep those the model itself "
                 "ranks best");
  auto& group = settings.with_best_of;
  belongs(group, options.option("--keep", "K", number(settings.keep, {1, kMostCandidates}),
                                "with --best-of: how many are kept, best first"));
  belongs(group, options.option(
                     "--ranker", "NAME", one_of(settings.ranker, {"self-caption", "self-vqa"}),
                     "with --best-of: self-caption, how likely PROMPT is as the description, or self-vqa, "
                     "yes or no to whether it is shown"));
}

void declare_views(GenerateSettings& settings, OptionSet& options) {
  options.option("--grid", "FILE", some_text(settings.grid),
                 "all images on one sheet as well, with seeds or prompts under them");
  options.option(
      "--upscale", "F", number(settings.enlarge, kEnlargements),
      "enlarge OUT F times (Lanczos), {range}; the model's own size stays what --preview and --grid show");
  options.option("--preview", "FILE", some_text(settings.preview),
                 "the picture so far, written again and again while it is drawn");
  belongs(settings.with_preview,
          options.option("--preview-every", "N", number(settings.preview_every, {1, INT32_MAX}),
                         "with --preview: lines of codes, or of JanusFlow steps, from one to the next"));
}

// Benchmarks are published with several images a prompt.
void settle_layout(GenerateSettings& settings) {
  if (layout_of(settings.layout) == Layout::numbered || settings.best_of > 0) return;
  if (!settings.options->given("--batch-count") && settings.count == GenerateSettings{}.count)
    settings.count = kLayoutImages;
}

}  // namespace

Command generate_command() {
  auto settings = std::make_shared<GenerateSettings>();
  return {
      .name = "generate",
      .summary = "makes images from a prompt, or from a list of prompts",
      .examples = {"janus generate \"a red circle on a white background\" -o circle.png",
                   "janus generate \"a blue star on a black background\" -o star-%03d.png -b 4 --seed 7 "
                   "--grid sheet.png",
                   "janus generate \"a small green ring on a gray background\" -o ring.png --best-of 4",
                   "janus generate --from ring.png -o again.png",
                   "janus generate --prompts prompts.txt -o pictures/",
                   "janus generate \"a cyan cross on a white background\" -o - | display"},
      .declare =
          [settings](OptionSet& options) {
            settings->options = &options;
            options.argument("PROMPT", prompt_text(settings->prompt), "what the image shows");
            options.option("-o,--output", "OUT", some_text(settings->output),
                           "PNG, JPEG or WebP by extension, - for PNG on standard output; a folder, NAME/ "
                           "or one that is there, for names made of prompt and seed (default: such a name, "
                           "a free one, in the current folder)");
            options.option("--from", "IMAGE", input_path(settings->from),
                           "make the image again: prompt, seed and all settings in a generated image, but "
                           "for those given "
                           "here; of other programs, what means the same");
            options.option("-b,--batch-count", "COUNT", number(settings->count, kImageCounts),
                           "images, {range} {default}: numbered by a %03d in OUT, else -000 is appended");
            options.option("--negative-prompt", "TEXT", prompt_text(settings->negative_prompt),
                           "what guidance leads away from, in place of nothing in particular");
            declare_guidance(options, settings->guidance,
                             "how closely to follow the prompt, {range}; 1 = off");
            declare_steps(options, settings->steps);
            declare_sampling(options, settings->sampling, Sampled::codes);
            declare_special_tokens(options, settings->special_tokens);
            declare_parallel(options, settings->parallel);
            options.option("--codes-out", "FILE", some_text(settings->codes_output),
                           "the images' codes as well, as janus encode writes them; of JanusFlow a .npy "
                           "file of the latent; numbered as OUT");
            declare_replacing(options, settings->replacing,
                              "replace files of names that janus makes up; with --prompts also make anew "
                              "what an earlier run made");
            settings->quality_option = &declare_quality(options, settings->quality);
            declare_choice(*settings, options);
            declare_list(*settings, options);
            declare_views(*settings, options);
          },
      .run =
          [settings](const CommonOptions& common, Console& console) {
            settings->replacing.settle();
            settle_layout(*settings);
            CommonOptions own = common;
            if (!settings->from.empty()) take_settings_of_image(*settings, own, console);
            if (settings->prompts.empty()) return GenerateRun(*settings, own, console).run();
            Outcome outcome{};
            with_records([&] { outcome = GenerateRun(*settings, own, console).run(); });
            return outcome;
          },
      .unused = {"--max-tokens"},
  };
}

}  // namespace janus::cli
