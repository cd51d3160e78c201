// From a block format's name to the struct of its blocks: each format's header says it.
#pragma once

#include "core/quant/format.h"

namespace janus {

template <DType kType>
struct BlockOf;
template <DType kType>
using Block = typename BlockOf<kType>::Type;

}  // namespace janus
