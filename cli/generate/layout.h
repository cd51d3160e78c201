// The prompt files of benchmarks for images, and the folders that their scorers read.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

// How the images of a list lie in OUT.
enum class Layout {
  numbered,  // 00000.png, 00001.png, ..., or as OUT says
  geneval,   // 00000/samples/0000.png ... and 00000/metadata.jsonl (github.com/djghosh13/geneval)
  dpg,       // NAME.png, several images on one (github.com/TencentQQGYLab/ELLA, dpg_bench)
};

// Images a prompt that both benchmarks are published with.
inline constexpr int64_t kLayoutImages = 4;

// "numbered", "geneval" or "dpg".
Layout layout_of(const std::string& name);

// A file that goes beside the images of a prompt.
struct Companion {
  std::string path, text;
};

// One prompt of a benchmark.
struct LayoutPrompt {
  std::string prompt;
  std::string output;               // OutputPattern below OUT: "00000/samples/%04d.png"
  std::vector<Companion> beside{};  // with paths below OUT
};

// All prompts of the file, or for dpg of the .txt files of the folder, in the order of their lines or names.
// Throws Error for what is no such file, with its line.
std::vector<LayoutPrompt> read_layout_prompts(Layout layout, const std::string& path);

}  // namespace janus::cli
