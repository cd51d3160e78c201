# Language level, warnings, sanitizers and clang-tidy, for every target of this project: variables of its own
# folders, which another project that it is part of does not see.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# The program and its modules lie side by side, and shared libraries with them.
set(JANUS_OUTPUT_FOLDER ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${JANUS_OUTPUT_FOLDER})

get_property(multiple GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT multiple)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

add_library(janus_compiler INTERFACE)
target_include_directories(janus_compiler INTERFACE ${PROJECT_SOURCE_DIR})
# -ffp-contract=off: a result must not depend on where the compiler finds a multiply-add to fuse.
target_compile_options(janus_compiler INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 warns of std::string's own concatenation where it is inlined (gcc bug 105651).
  target_compile_options(janus_compiler INTERFACE -Wno-restrict)
endif()
if(NOT PROJECT_IS_TOP_LEVEL)
  # Where the other project names no configuration, the kernels are optimised all the same.
  target_compile_options(janus_compiler INTERFACE $<$<CONFIG:>:-O2>)
endif()
if(JANUS_WERROR)
  target_compile_options(janus_compiler INTERFACE -Werror)
endif()
if(JANUS_SANITIZE)
  add_compile_options(-fsanitize=${JANUS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${JANUS_SANITIZE})
endif()
if(JANUS_TIDY)
  find_program(JANUS_CLANG_TIDY NAMES clang-tidy clang-tidy-14 REQUIRED)
  # clang does not know every warning of the compiler whose flags it is given.
  set(CMAKE_CXX_CLANG_TIDY ${JANUS_CLANG_TIDY} --quiet --extra-arg=-Wno-unknown-warning-option)
endif()
