#include "core/tensor/tensor.h"
