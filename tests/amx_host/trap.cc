// The instructions of core/cpu/x86/isa_amx.cc on a processor that lacks them: each raises SIGILL, whose
// handler does what it would have done. So the very machine code is tested, registers, addresses and strides
// included. CMakeLists.txt sets the flags.
#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <cstdlib>

#define JANUS_TILE_STAND_IN
#define JANUS_ISA amx_trap
#include "core/cpu/simd/tiles.h"

namespace janus::cpu::amx_trap {
namespace {

// In the order of their numbers in instructions.
constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

// A VEX instruction of three prefix bytes, of the map 0F38, in which the tiles' are.
class Instruction {
 public:
  explicit Instruction(ucontext_t& context)
      : registers_(context.uc_mcontext.gregs), at_(reinterpret_cast<const uint8_t*>(registers_[REG_RIP])) {}

  // False for another instruction, of which nothing was done.
  bool run() {
    if (at_[0] != 0xC4 || (at_[1] & 31) != 2) return false;
    const int prefix = at_[2] & 3, third = ~at_[2] >> 3 & 15, opcode = at_[3], mode = at_[4];
    const int first = mode >> 3 & 7, second = mode & 7;
    const bool in_registers = mode >> 6 == 3;
    next_ = at_ + 5;
    enum Prefix { kNone, k66, kF3, kF2 };
    if (opcode == 0x49 && prefix == kNone && in_registers) {
      release_tiles();
    } else if (opcode == 0x49 && prefix == kNone) {
      load_shapes(*reinterpret_cast<const TileShapes*>(address()));
    } else if (opcode == 0x49 && prefix == kF2 && in_registers) {
      zero(first);
    } else if (opcode == 0x4B && prefix == kF2 && !in_registers) {
      const uint8_t* const from = address();
      load(first, from, stride_);
    } else if (opcode == 0x4B && prefix == kF3 && !in_registers) {
      uint8_t* const to = address();
      store(first, to, stride_);
    } else if (opcode == 0x5C && prefix == kF3 && in_registers) {
      add_bf16(first, second, third);
    } else if (opcode == 0x5E && prefix == kF3 && in_registers) {
      add_bytes_of(first, second, third);
    } else {
      return false;
    }
    registers_[REG_RIP] = reinterpret_cast<greg_t>(next_);
    return true;
  }

 private:
  int64_t value_of(int number) const { return registers_[kRegisters[number]]; }

  // The operand in memory, without the index register of a tile's: that is the stride.
  uint8_t* address() {
    const int mode = at_[4] >> 6;
    int base = at_[4] & 7;
    if (base == 4) {
      const int scaled = *next_++;
      base = scaled & 7;
      const int index = (scaled >> 3 & 7) | ((at_[1] & 0x40) == 0 ? 8 : 0);
      stride_ = index == 4 ? 0 : value_of(index) << (scaled >> 6);
    }
    int64_t place = 0;
    const bool has_base = mode != 0 || base != 5;
    if (has_base) place = value_of(base | ((at_[1] & 0x20) == 0 ? 8 : 0));
    if (mode == 1) {
      place += static_cast<int8_t>(*next_++);
    } else if (mode == 2 || !has_base) {
      int32_t distance;
      __builtin_memcpy(&distance, next_, sizeof distance);
      next_ += sizeof distance;
      const bool from_here = !has_base && (at_[4] & 7) == 5;
      place += distance + (from_here ? reinterpret_cast<int64_t>(next_) : 0);
    }
    return reinterpret_cast<uint8_t*>(place);
  }

  greg_t* registers_;
  const uint8_t* at_;
  const uint8_t* next_ = nullptr;
  int64_t stride_ = 0;
};

}  // namespace

// choice_trap.cc installs it: what runs before a test must not have been compiled for these vectors.
void on_illegal_instruction(int, siginfo_t*, void* context) {
  if (!Instruction(*static_cast<ucontext_t*>(context)).run()) abort();
}

}  // namespace janus::cpu::amx_trap
