// The kernels for AVX-512 with VNNI, which adds products of integers in one instruction;
// core/CMakeLists.txt sets the flags.
#define JANUS_ISA avx512vnni
#define JANUS_ISA_NAME "avx512vnni"
#include "core/cpu/simd/all_kernels.h"
