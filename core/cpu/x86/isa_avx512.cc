// The kernels for AVX-512 F, BW, VL and DQ; core/CMakeLists.txt sets the flags.
#define JANUS_ISA avx512
#define JANUS_ISA_NAME "avx512"
#include "core/cpu/simd/all_kernels.h"
