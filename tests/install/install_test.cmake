# Installs the build into a folder of its own, builds samples/ against it with find_package(janus) alone, and runs
# both programs with a model folder; then the program of docs/library.md by find_package(janus) and by pkg-config.
# Arguments: BUILD, SOURCE, WORK (a scratch folder), and BUILD_TYPE, GENERATOR, COMPILER, FLAGS, DEPS of the build.
cmake_minimum_required(VERSION 3.23)

include(${CMAKE_CURRENT_LIST_DIR}/programs.cmake)

file(REMOVE_RECURSE ${WORK})
run("cmake --install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run("the installed program" ${WORK}/prefix/bin/janus --version)
foreach(page IN ITEMS man/man1/janus.1 man/man1/janus-generate.1 bash-completion/completions/janus
                zsh/site-functions/_janus fish/vendor_completions.d/janus.fish)
  file(SIZE ${WORK}/prefix/share/${page} size)
  if(size LESS 500)
    message(FATAL_ERROR "${page}: expected a page of the program, found ${size} bytes")
  endif()
endforeach()

# The parts together are the whole, and none has another's.
file(GLOB_RECURSE whole RELATIVE ${WORK}/prefix ${WORK}/prefix/*)
set(parts)
foreach(component IN ITEMS program library development documents)
  run("cmake --install --component ${component}" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/${component}
      --component ${component})
  file(GLOB_RECURSE part RELATIVE ${WORK}/${component} ${WORK}/${component}/*)
  set(files_of_${component} ${part})
  list(APPEND parts ${part})
endforeach()
list(SORT whole)
list(SORT parts)
if(NOT parts STREQUAL whole)
  set(lost ${whole})
  list(REMOVE_ITEM lost ${parts})
  message(FATAL_ERROR "the components: expected every installed file in one, found ${lost} in none, or one in two")
endif()
if(NOT "bin/janus" IN_LIST files_of_program OR NOT "include/janus/janus.h" IN_LIST files_of_development OR
   NOT "share/doc/janus/LICENSE" IN_LIST files_of_documents OR
   NOT "share/doc/janus/janus.spdx.json" IN_LIST files_of_documents)
  message(FATAL_ERROR "the components: expected the program, headers and documents in theirs, found others")
endif()

# Every installed header finds what it includes among the installed ones.
set(include ${WORK}/prefix/include)
file(GLOB_RECURSE headers RELATIVE ${include} ${include}/*.h)
if(NOT "janus/janus.h" IN_LIST headers OR NOT "janus/version.h" IN_LIST headers)
  message(FATAL_ERROR "include/janus: expected janus.h and version.h, found ${headers}")
endif()
foreach(header IN LISTS headers)
  file(STRINGS ${include}/${header} lines REGEX "^#include (\"|<janus/)")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include .([^\">]+).*" "\\1" wanted "${line}")
    if(line MATCHES "\"" OR NOT wanted IN_LIST headers)
      message(FATAL_ERROR "${header}: expected <janus/...> of the installed headers, found ${line}; correct "
                          "cmake/headers.cmake")
    endif()
  endforeach()
endforeach()

check_find_package(${WORK}/prefix ${WORK}/program)
check_find_package_twice(${WORK}/prefix ${WORK}/twice)
check_pkg_config(${WORK}/prefix ${WORK}/program)

# The samples are copied, so that no header of the repository is found by chance.
file(COPY ${SOURCE}/samples/CMakeLists.txt ${SOURCE}/samples/describe.cc ${SOURCE}/samples/generate.cc
     DESTINATION ${WORK}/samples)
run("configuring the samples" ${CMAKE_COMMAND} -S ${WORK}/samples -B ${WORK}/build -G ${GENERATOR}
    -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
    -DCMAKE_PREFIX_PATH=${WORK}/prefix -DJANUS_DEPS_DIR=${DEPS})
run("building the samples" ${CMAKE_COMMAND} --build ${WORK}/build)

set(model ${SOURCE}/samples/janus-tiny/model)
set(picture ${WORK}/picture.png)
set(prompt "a red circle on a white background")
if(NOT WITH_TOKENIZER)
  # Without SentencePiece the model's words cannot be read: the programs must say so and end with 1.
  execute_process(COMMAND ${WORK}/build/generate ${model} ${prompt} ${picture}
                  RESULT_VARIABLE result ERROR_VARIABLE output)
  if(NOT result EQUAL 1 OR NOT output MATCHES "SentencePiece")
    message(FATAL_ERROR "generate: expected exit code 1 and SentencePiece named, found ${result}:\n${output}")
  endif()
  return()
endif()
run("samples/generate" ${WORK}/build/generate ${model} ${prompt} ${picture})
if(WITH_IMAGES)  # WebP is read by a module, which a program finds in the installation
  run("samples/describe, a module" ${WORK}/build/describe ${model} ${SOURCE}/tests/data/vision/pictures/lossy.webp)
endif()
run("samples/describe" ${WORK}/build/describe ${model} ${picture})
set(answer "${output}")
run("janus describe" ${WORK}/prefix/bin/janus describe -q -m ${model} ${picture})
if(answer STREQUAL "\n" OR NOT answer STREQUAL output)
  message(FATAL_ERROR "samples/describe: expected the answer of janus describe,\n${output}found\n${answer}")
endif()
