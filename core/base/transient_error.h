// Errors of the moment.
#pragma once

#include "core/base/error.h"

namespace janus {

// An Error that says nothing about what was to be read or made: no permission, a disk that is away, an
// archive that is still being copied. The same may succeed when it is tried again.
class TransientError : public Error {
 public:
  using Error::Error;
};

}  // namespace janus
