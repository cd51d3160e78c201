# The libraries that janus links, as one target each. This file is also installed: janusConfig.cmake includes it,
# so a program that uses janus finds the same libraries the same way.
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

# janus_find_library(TARGET HEADER [LIBRARY...] [SUFFIX dir] [DEFINE macro]): an imported target of a header's
# folder and libraries. The same header and libraries may stand below include/SUFFIX.
function(janus_find_library target header)
  cmake_parse_arguments(arg "" "SUFFIX;DEFINE" "" ${ARGN})
  if(TARGET ${target})
    return()
  endif()
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE ${header} PATH_SUFFIXES ${arg_SUFFIX} REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${${id}_INCLUDE})
  if(arg_DEFINE)
    target_compile_definitions(${target} INTERFACE ${arg_DEFINE})
  endif()
  foreach(name ${arg_UNPARSED_ARGUMENTS})
    find_library(${id}_${name} ${name} REQUIRED)
    target_link_libraries(${target} INTERFACE ${${id}_${name}})
  endforeach()
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

find_package(Threads REQUIRED)
find_package(fmt CONFIG QUIET)
if(NOT TARGET fmt::fmt)
  janus_find_library(fmt::fmt fmt/format.h DEFINE FMT_HEADER_ONLY=1)
endif()
find_package(nlohmann_json CONFIG QUIET)
if(NOT TARGET nlohmann_json::nlohmann_json)
  janus_find_library(nlohmann_json::nlohmann_json nlohmann/json.hpp)
endif()

janus_add_source(janus::oniguruma oniguruma onig)
janus_find_library(janus::oniguruma oniguruma.h onig)
janus_add_source(janus::utf8proc utf8proc utf8proc)
janus_find_library(janus::utf8proc utf8proc.h utf8proc)
janus_find_library(janus::stb stb_image.h SUFFIX stb)
if(JANUS_SENTENCEPIECE)
  janus_find_library(janus::sentencepiece sentencepiece_processor.h sentencepiece)
endif()
