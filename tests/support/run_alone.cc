// run_alone PROGRAM ARGUMENT...: runs a program, and ends it by SIGSYS where it starts a process or another
// program. Threads it may start. Exit code 77: this machine cannot watch over that.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

constexpr int kCannot = 77;

class Filter {
 public:
  // The value that is compared next.
  void load(size_t place) { add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(place))); }
  void if_equal(uint32_t value, uint32_t verdict) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    give(verdict);
  }
  void unless_equal(uint32_t value, uint32_t verdict) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    give(verdict);
  }
  void unless_set(uint32_t bit, uint32_t verdict) {
    add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bit, 1, 0));
    give(verdict);
  }
  void give(uint32_t verdict) { add(BPF_STMT(BPF_RET | BPF_K, verdict)); }
  // What `body` adds is done where the value is this one; it must end with a verdict.
  template <typename Body>
  void where_equal(uint32_t value, const Body& body) {
    Filter inner;
    body(inner);
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<uint8_t>(inner.steps_.size())));
    steps_.insert(steps_.end(), inner.steps_.begin(), inner.steps_.end());
  }
  bool install() {
    sock_fprog program{static_cast<unsigned short>(steps_.size()), steps_.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  void add(sock_filter step) { steps_.push_back(step); }

  std::vector<sock_filter> steps_;
};

// The one program that may be started is at `path`, known by where that text stands: an address that is a
// number like any other to the program.
bool forbid_processes_and_programs_but(const char* path) {
  constexpr uint32_t kEnd = SECCOMP_RET_KILL_PROCESS;
  const auto address = reinterpret_cast<uint64_t>(path);
  const size_t arguments = offsetof(seccomp_data, args);
  Filter filter;
  filter.load(offsetof(seccomp_data, nr));
#if defined(SYS_fork)
  filter.if_equal(SYS_fork, kEnd);
  filter.if_equal(SYS_vfork, kEnd);
#endif
  filter.if_equal(SYS_execveat, kEnd);
  // Its flags are out of a filter's reach; the C library then takes clone.
  filter.if_equal(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.where_equal(SYS_clone, [&](Filter& clone) {
    clone.load(arguments);
    clone.unless_set(CLONE_THREAD, kEnd);
    clone.give(SECCOMP_RET_ALLOW);
  });
  filter.where_equal(SYS_execve, [&](Filter& execve) {
    execve.load(arguments);
    execve.unless_equal(static_cast<uint32_t>(address), kEnd);
    execve.load(arguments + 4);
    execve.unless_equal(static_cast<uint32_t>(address >> 32), kEnd);
    execve.give(SECCOMP_RET_ALLOW);
  });
  filter.give(SECCOMP_RET_ALLOW);
  return filter.install();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "run_alone: expected a program, found none\n");
    return 2;
  }
  if (!forbid_processes_and_programs_but(argv[1])) return kCannot;
  execv(argv[1], argv + 1);
  std::perror(argv[1]);
  return 127;
}
