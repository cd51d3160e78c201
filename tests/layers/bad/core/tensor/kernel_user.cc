#include "core/cpu/kernel.h"
