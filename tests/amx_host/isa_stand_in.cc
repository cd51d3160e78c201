// The kernels of core/cpu/x86/isa_amx.cc with tiles that any processor has; CMakeLists.txt sets the flags of
// the vectors beside them.
#define JANUS_TILE_STAND_IN
#define JANUS_ISA amx_stand_in
#define JANUS_ISA_NAME "amx"
#include "core/cpu/simd/all_kernels.h"
