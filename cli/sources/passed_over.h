// What a run leaves aside, counted by kind.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace janus::cli {

// Safe to use from several threads.
class PassedOver {
 public:
  // many: what several are called, where that is not the same. path: of this one, where it has one.
  void add(const std::string& one, const std::string& many = {}, const std::string& path = {});
  // "4 HEIC, 2 tar archives", the most frequent kind first; empty if there are none.
  std::string text() const;
  int64_t total() const;
  // The path of the first of a kind; empty if there is none.
  std::string first_of(const std::string& one) const;

 private:
  struct Kind {
    std::string many, first;
    int64_t count = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace janus::cli
