// The kernels for AVX-512 with VNNI beside a matrix unit, AMX with bf16 and int8; core/CMakeLists.txt sets
// the flags.
#define JANUS_ISA amx
#define JANUS_ISA_NAME "amx"
#include "core/cpu/simd/all_kernels.h"
