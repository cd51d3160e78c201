// The safetensors container: 8 bytes of header length, a JSON header, the tensors' bytes without holes.
// https://github.com/huggingface/safetensors#format
#pragma once

#include <map>
#include <string>

#include "core/checkpoint/stored_tensor.h"

namespace janus {

// Lists the tensors of a file without reading their bytes. `name` is the file's name in its folder, `where`
// its path for messages. Throws Error naming file, tensor, expected and found for anything the format
// forbids: a header that does not fit, duplicate names, unknown types, sizes that overflow or do not match
// the bytes, tensors that overlap, leave holes or reach beyond the file.
std::map<std::string, StoredTensor> read_safetensors(const FileBytes& file, const std::string& name,
                                                     const std::string& where);

}  // namespace janus
