// The kernels for AVX2, FMA and F16C; core/CMakeLists.txt sets the flags.
#define JANUS_ISA avx2
#define JANUS_ISA_NAME "avx2"
#include "core/cpu/simd/all_kernels.h"
