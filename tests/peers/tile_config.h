// Put before every file of llama.cpp by setup.sh (-include), for its AMX path: _tile_loadconfig of gcc 12
// names 8 of the 64 bytes that it reads, so the compiler drops what was stored to the others, and the first
// tile is a fault.
#if (defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__))
#include <immintrin.h>
#undef _tile_loadconfig
#define _tile_loadconfig(config) \
  __asm__ volatile("ldtilecfg %0" : : "m"(*(const char(*)[64])(config)) : "memory")
#endif
