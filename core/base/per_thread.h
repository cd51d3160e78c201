// Objects of which each thread has its own.
#pragma once

#include <pthread.h>

#include <memory>
#include <new>

namespace janus {

// A T of each thread, made when the thread first asks for it and destroyed when it ends; a static, which
// lives as long as the program. Where there is no memory for it, that is std::bad_alloc: of a thread_local
// with a destructor the C library ends the process then.
template <typename T>
class PerThread {
 public:
  PerThread() {
    if (pthread_key_create(&key_, [](void* object) { delete static_cast<T*>(object); }) != 0)
      throw std::bad_alloc();
  }
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  T& get() const {
    if (void* const object = pthread_getspecific(key_)) return *static_cast<T*>(object);
    auto fresh = std::make_unique<T>();
    if (pthread_setspecific(key_, fresh.get()) != 0) throw std::bad_alloc();
    return *fresh.release();
  }

 private:
  pthread_key_t key_{};
};

}  // namespace janus
