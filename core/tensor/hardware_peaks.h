// The hardware peaks of a device, measured when asked, which `janus bench` compares with.
#pragma once

#include "core/tensor/device.h"

namespace janus {

// The bytes a second that the device reads from memory far larger than its caches. Throws Error for a device
// that cannot measure it.
double read_bandwidth(Device& device);
// The f32 operations a second from registers; a multiply-add counts as two. Throws as read_bandwidth.
double multiply_add_peak(Device& device);
// The same for int8, added up in 32 bits.
double int8_peak(Device& device);
// The same for the instructions that multiply many rows by weights of this type.
double product_peak(Device& device, DType weights);
// The same for bf16, added up in f32, in a matrix unit; 0 where the device has none that it can measure.
double matrix_peak(Device& device);

}  // namespace janus
