#include "core/base/remedy.h"

#include <cerrno>

#include "core/base/near_path.h"

namespace janus {
namespace {

constexpr const char* kManyOpen = "close other programs, or raise the limit on open files (ulimit -n)";

// Of a path at which nothing is.
std::string remedy_of_missing(const std::string& path) {
  if (path.starts_with("file://")) return "write the path alone, without file://";
  if (path.starts_with("data:")) return "decode its base64 to a file, and name that";
  if (path.find("://") != path.npos) return "download it first (curl -O ADDRESS), and name the file";
  const std::string near = near_path(path);
  if (!near.empty()) return "did you mean " + near + "?";
  const std::string folder = missing_folder(path);
  return folder.empty() ? "check the path" : "check the path: there is no folder " + folder;
}

}  // namespace

std::string remedy_of(int fault, const std::string& otherwise) {
  switch (fault) {
    case ENOSPC:
      return "free space on its disk, or " + otherwise;
    case EDQUOT:
      return "free space within your quota, or " + otherwise;
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f), or " + otherwise;
    case EACCES:
    case EPERM:
      return "get permission to write there (ls -ld shows who has it), or " + otherwise;
    case EROFS:
      return "its disk is mounted read-only; " + otherwise;
    case ENOENT:
      return "make its folder (mkdir -p), or " + otherwise;
    case ENOTDIR:
      return "a part of the path before the last is a file; " + otherwise;
    case ELOOP:
      return "its links lead in a circle; " + otherwise;
    case ETXTBSY:
      return "end the program that runs from it, or " + otherwise;
    case EBADF:
      return "it was closed before the program began; " + otherwise;
    case ENAMETOOLONG:
      return "give it a shorter name";
    case EMFILE:
    case ENFILE:
      return kManyOpen;
    case EIO:
      return "check the disk, or " + otherwise;
    default:
      return otherwise;
  }
}

std::string reading_remedy_of(int fault, const std::string& path) {
  switch (fault) {
    case ENOENT:
      return remedy_of_missing(path);
    case EISDIR:
      return "name the files in it";
    case ENOTDIR:
      return "check the path: a part before the last is a file";
    case ELOOP:
      return "check the links: they lead in a circle";
    case EACCES:
    case EPERM:
      return "make it readable (chmod u+r), and its folders (chmod u+x), or ask its owner to";
    case EBADF:
      return "it was closed before the program began: name a file, or pipe something in";
    case ENOMEM:
      return "close other programs";
    case EMFILE:
    case ENFILE:
      return kManyOpen;
    case EIO:
      return "check the disk";
    default:
      return "check the path";
  }
}

}  // namespace janus
