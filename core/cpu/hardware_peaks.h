// What this machine can do at most: the hardware peaks that `janus bench` compares with.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/thread_pool.h"

namespace janus::cpu {

// Bytes a second that all threads of the pool together read from memory far larger than the caches, in large
// pages where the system gives them: of several ways to read, the best one's median of so many passes over
// `bytes`, each thread over a contiguous part. Throws Error without that much memory.
double read_bandwidth(const Kernels& kernels, const ThreadPool& thread_pool, int64_t bytes = int64_t{1} << 29,
                      int passes = 7);

// f32 operations a second (a multiply-add is two) of all threads together, from registers.
double multiply_add_peak(const Kernels& kernels, const ThreadPool& thread_pool);

// The same for int8 added up in 32, by the instructions that the kernels were compiled
// for.
double int8_peak(const Kernels& kernels, const ThreadPool& thread_pool);
// And of 16 bits, added up in 32.
double int16_peak(const Kernels& kernels, const ThreadPool& thread_pool);
// And of bf16 in the tiles of a matrix unit, for kernels that have one.
double matrix_peak(const Kernels& kernels, const ThreadPool& thread_pool);

}  // namespace janus::cpu
