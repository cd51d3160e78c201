# Installs the build into a folder of its own, builds samples/ against it with find_package(janus) alone, and runs
# both programs with a model folder. Arguments: BUILD, SOURCE, WORK (a scratch folder), and BUILD_TYPE, GENERATOR,
# COMPILER, FLAGS, DEPS of the build.
cmake_minimum_required(VERSION 3.23)

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what}: expected exit code 0, found ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

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

# Every installed header finds what it includes among the installed ones, and but for those that programs begin with
# each is there because another includes it.
set(first generator/model.h generator/engine/engine.h generator/conversation.h vision/image_file.h
          core/checkpoint/checkpoint.h core/tensor/device.h)
set(included ${first})
set(include ${WORK}/prefix/include/janus)
file(GLOB_RECURSE headers RELATIVE ${include} ${include}/*.h)
foreach(header IN LISTS headers)
  file(STRINGS ${include}/${header} lines REGEX "^#include \"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" wanted "${line}")
    if(NOT EXISTS ${include}/${wanted})
      message(FATAL_ERROR "${header}: expected ${wanted} among the installed headers; add it to cmake/install.cmake")
    endif()
    list(APPEND included ${wanted})
  endforeach()
endforeach()
foreach(header IN LISTS headers)
  if(NOT header IN_LIST included)
    message(FATAL_ERROR "${header}: expected an installed header to include it, found none; take it out of "
                        "cmake/install.cmake")
  endif()
endforeach()
foreach(header IN LISTS first)
  if(NOT header IN_LIST headers)
    message(FATAL_ERROR "${header}: expected it among the installed headers; add it to cmake/install.cmake")
  endif()
endforeach()

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
