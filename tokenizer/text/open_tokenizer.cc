#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/byte_bpe.h"
#include "tokenizer/text/sentencepiece_tokenizer.h"
#include "tokenizer/text/text_tokenizer.h"
#include "tokenizer/text/tokenizer_settings.h"

namespace janus {

std::unique_ptr<TextTokenizer> open_tokenizer(const FileSet& files) {
  constexpr const char* kJson = "tokenizer.json";
  constexpr const char* kModel = "tokenizer.model";
  if (files.contains(kJson)) {
    return std::make_unique<ByteBpeTokenizer>(files.json(kJson), read_tokenizer_settings(files),
                                              files.path(kJson));
  }
  for (const char* file : {kJson, kModel}) files.check_no_other(file);
  check(files.contains(kModel),
        "model {}: expected a tokenizer, {} or {}, found neither; put the model's tokenizer files there, too",
        files.name(), kJson, kModel);
  const FileBytes model = files.read(kModel);
  return open_sentencepiece({reinterpret_cast<const char*>(model.bytes.data()), model.bytes.size()},
                            read_tokenizer_settings(files), files.path(kModel));
}

}  // namespace janus
