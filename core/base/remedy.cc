#include "core/base/remedy.h"

#include <cerrno>

namespace janus {

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
    case ENAMETOOLONG:
      return "give it a shorter name";
    case EMFILE:
    case ENFILE:
      return "close other programs, or raise the limit on open files (ulimit -n)";
    case EIO:
      return "check the disk, or " + otherwise;
    default:
      return otherwise;
  }
}

std::string reading_remedy_of(int fault) {
  switch (fault) {
    case EISDIR:
      return "name the files in it";
    case EACCES:
    case EPERM:
      return "make it readable (chmod u+r), and its folders (chmod u+x)";
    case EMFILE:
    case ENFILE:
      return "close other programs, or raise the limit on open files (ulimit -n)";
    case EIO:
      return "check the disk";
    default:
      return "check the path";
  }
}

}  // namespace janus
