// The kernels for any processor of the architecture the build is for.
#define JANUS_ISA baseline
#define JANUS_ISA_NAME "baseline"
#include "core/cpu/simd/all_kernels.h"
