// Damage to the values of JSON rather than to its letters, most of which end in the parser.
#pragma once

#include <cstddef>
#include <cstdint>

namespace janus::fuzz {

// What a fuzzer of JSON calls in LLVMFuzzerCustomMutator, with its arguments: changes a value, a key or an
// element of one of the parts of an input that zero bytes part, behind the first `skip` bytes; sometimes, and
// where no part is JSON, bytes.
size_t mutate_json_part(uint8_t* data, size_t size, size_t most, unsigned seed, size_t skip);

}  // namespace janus::fuzz
