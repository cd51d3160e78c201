// The files and archives that the arguments of a run name.
#pragma once

#include <functional>
#include <string>

#include "cli/sources/name_filter.h"
#include "cli/sources/sources.h"

namespace janus::cli {

// An image's file, or an archive.
struct Unit {
  std::string path;
  bool archive = false;
  bool from_list = false;  // as ListedImage has it
  Json fields = {};        // as ListedImage has them
};

class UnitLister {
 public:
  // Called with what is in this machine's part of the run. False ends the listing.
  using OnUnit = std::function<bool(Unit unit)>;

  // Of `visitor`, on_fault, on_passed_over and stopped are called. Both must outlive this.
  UnitLister(const SourceSettings& settings, const SourceVisitor& visitor, OnUnit on_unit)
      : settings_(settings),
        filter_(settings.include, settings.exclude),
        visitor_(visitor),
        on_unit_(std::move(on_unit)) {}

  void run();

 private:
  bool is_ours(const std::string& path) const;
  bool add_unit(Unit unit);
  bool add_argument(const std::string& path);
  bool add_path(const std::string& path);
  bool add_folder(const std::string& path);
  void add_list(const std::string& path);
  void add_record_list(const std::string& path);
  void read_or_tell(const std::function<void()>& action);

  const SourceSettings& settings_;
  NameFilter filter_;
  const SourceVisitor& visitor_;
  OnUnit on_unit_;
  bool ended_ = false;
  bool in_list_ = false;  // what is added is an entry of a list
};

}  // namespace janus::cli
