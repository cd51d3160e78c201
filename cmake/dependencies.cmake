# The libraries that janus' own libraries link, as one target each. This file is also installed: janusConfig.cmake
# includes it, so a program that uses janus finds the same libraries the same way. There JANUS_INSTALLED is STATIC or
# SHARED, and what is not found goes into JANUS_MISSING and ends nothing.
#
# Nothing but headers and library files is asked for, because Debian's small OpenCV packages, SentencePiece and
# utf8proc carry no CMake config. They are looked for in CMAKE_PREFIX_PATH, the system's folders and
# JANUS_DEPS_DIR: a folder with include/ and lib/ that travels to a machine without packages
# (samples/carry_deps.sh makes one), or with sources in src/oniguruma and src/utf8proc.
set(JANUS_DEPS_DIR "" CACHE PATH "Folder with carried libraries: include/ and lib/, or sources in src/NAME")
if(JANUS_DEPS_DIR)
  list(PREPEND CMAKE_PREFIX_PATH ${JANUS_DEPS_DIR})
  # What is installed finds the carried shared libraries where they are.
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
endif()
set(JANUS_MISSING)

# janus_find_library(TARGET HEADER [LIBRARY...] [SUFFIX dir] [DEFINE macro]): an imported target of a header's
# folder and libraries. The same header and libraries may stand below include/SUFFIX.
function(janus_find_library target header)
  cmake_parse_arguments(arg "" "SUFFIX;DEFINE" "" ${ARGN})
  if(TARGET ${target})
    return()
  endif()
  string(REGEX REPLACE "^.*::" "JANUS_FOUND_" id ${target})
  find_path(${id}_INCLUDE ${header} PATH_SUFFIXES ${arg_SUFFIX})
  set(wanted ${header})
  set(found ${${id}_INCLUDE})
  set(libraries)
  mark_as_advanced(${id}_INCLUDE)
  foreach(name ${arg_UNPARSED_ARGUMENTS})
    find_library(${id}_${name} ${name})
    mark_as_advanced(${id}_${name})
    string(APPEND wanted ", lib${name}")
    list(APPEND found ${${id}_${name}})
    list(APPEND libraries ${${id}_${name}})
  endforeach()
  if(found MATCHES "-NOTFOUND")
    if(NOT JANUS_INSTALLED)
      message(FATAL_ERROR "${target}: expected ${wanted} in the system's folders, CMAKE_PREFIX_PATH or JANUS_DEPS_DIR, "
                          "found not all of them; install what samples/setup.sh lists, or switch off what needs it")
    endif()
    set(JANUS_MISSING ${JANUS_MISSING} "${wanted}" PARENT_SCOPE)
    return()
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${${id}_INCLUDE})
  if(arg_DEFINE)
    target_compile_definitions(${target} INTERFACE ${arg_DEFINE})
  endif()
  target_link_libraries(${target} INTERFACE ${libraries})
endfunction()

# janus_add_source(TARGET NAME LIBRARY...): the same from sources in JANUS_DEPS_DIR/src/NAME, where there are any;
# LIBRARY are names that its library target has had.
function(janus_add_source target name)
  set(source ${JANUS_DEPS_DIR}/src/${name})
  if(TARGET ${target} OR NOT JANUS_DEPS_DIR OR NOT EXISTS ${source}/CMakeLists.txt)
    return()
  endif()
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(BUILD_SHARED_LIBS OFF)
  set(ENABLE_POSIX_API OFF)
  set(BUILD_TEST OFF)
  set(INSTALL_DOCUMENTATION OFF)
  set(INSTALL_EXAMPLES OFF)
  set(UTF8PROC_INSTALL OFF)
  add_subdirectory(${source} ${CMAKE_BINARY_DIR}/carried/${name} EXCLUDE_FROM_ALL)
  foreach(library ${ARGN})
    if(TARGET ${library})
      add_library(${target} INTERFACE IMPORTED GLOBAL)
      target_link_libraries(${target} INTERFACE ${library})
      target_include_directories(${target} SYSTEM INTERFACE ${source} ${CMAKE_BINARY_DIR}/carried/${name})
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${source}: expected a target among ${ARGN}, found none; carry another version")
endfunction()

# janus_find_package(TARGET NAME HEADER [DEFINE macro]): a library that carries a CMake config, or else its header.
# Another project may have the target already.
macro(janus_find_package target name)
  if(NOT TARGET ${target})
    find_package(${name} CONFIG QUIET)
  endif()
  janus_find_library(${target} ${ARGN})
endmacro()

# The headers of janus know these.
janus_find_package(fmt::fmt fmt fmt/format.h DEFINE FMT_HEADER_ONLY=1)
janus_find_package(nlohmann_json::nlohmann_json nlohmann_json nlohmann/json.hpp)
# The rest is for janus alone: a program that uses its shared libraries needs none of it.
if(NOT JANUS_INSTALLED STREQUAL "SHARED")
  find_package(Threads REQUIRED)
  janus_add_source(janus::oniguruma oniguruma onig)
  janus_find_library(janus::oniguruma oniguruma.h onig)
  janus_add_source(janus::utf8proc utf8proc utf8proc)
  janus_find_library(janus::utf8proc utf8proc.h utf8proc)
  if(JANUS_SENTENCEPIECE)
    janus_find_library(janus::sentencepiece sentencepiece_processor.h sentencepiece)
  endif()
endif()
if(NOT JANUS_INSTALLED)
  janus_find_library(janus::stb stb_image.h SUFFIX stb)
endif()
