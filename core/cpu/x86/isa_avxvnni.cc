// The kernels for AVX2 with AVX-VNNI, which adds products of integers in one instruction;
// core/CMakeLists.txt sets the flags.
#define JANUS_ISA avxvnni
#define JANUS_ISA_NAME "avxvnni"
#include "core/cpu/simd/all_kernels.h"
