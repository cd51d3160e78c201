// What a device can do at most, measured when asked: the yardsticks of `janus bench`.
#pragma once

#include "core/tensor/device.h"

namespace janus {

// Bytes a second that the device reads from memory far larger than its caches. Throws Error for a device that
// cannot measure it.
double read_bandwidth(Device& device);
// f32 operations a second, a multiply-add counting as two, from registers. Throws as read_bandwidth.
double multiply_add_peak(Device& device);
// The same for whole numbers of 8 bits, added up in 32.
double int8_peak(Device& device);
// The same of the instructions that multiply many rows by weights of this type.
double product_peak(Device& device, DType weights);

}  // namespace janus
