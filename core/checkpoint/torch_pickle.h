// The container of torch.save: a zip archive of one pickle (`data.pkl`) and the bytes of each storage
// (`data/KEY`). Source: pytorch, torch/serialization.py and torch/_utils.py.
#pragma once

#include <map>
#include <string>

#include "core/checkpoint/stored_tensor.h"

namespace janus {

// Lists the tensors of a state_dict, at the top of the file or under "state_dict", "model" or "module" there.
// Nothing of the file is executed: a pickle that asks for anything but tensors and plain data is refused by
// the name of what it asks for (core/checkpoint/pickle.h). Stored bytes stay mapped; only tensors whose
// elements do not lie in row-major order are copied. `name` is the file's name in its folder, `where` its
// path for messages. Checksums of the pickle and the other small entries are verified, those of the storages
// that tensors use with `verify`. Throws Error naming file, tensor, expected and found for archives that are
// damaged, compressed, big-endian, TorchScript or older than torch 1.6, and for tensors that reach beyond
// their storage.
std::map<std::string, StoredTensor> read_torch_pickle(const FileBytes& file, const std::string& name,
                                                      const std::string& where, bool verify = false);

}  // namespace janus
