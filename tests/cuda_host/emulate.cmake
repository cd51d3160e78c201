# The CUDA backend compiled by the host's compiler against the emulated runtime of this folder, and the tests of
# operations on it.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  return()  # the emulation switches stacks in x86-64's own instructions
endif()
set(emulated ${CMAKE_CURRENT_LIST_DIR})

add_library(janus_cuda_host OBJECT ${JANUS_CUDA_SOURCES} ${PROJECT_SOURCE_DIR}/core/cuda/cublaslt.cc
            ${emulated}/runtime.cc ${emulated}/device.cc)
set_source_files_properties(${JANUS_CUDA_SOURCES} PROPERTIES LANGUAGE CXX)
# A library of its own, since the backend opens it by its name.
set(emulated_libraries ${CMAKE_CURRENT_BINARY_DIR}/cuda_host)
add_library(cuda_host_cublaslt SHARED ${emulated}/cublaslt.cc)
target_include_directories(cuda_host_cublaslt PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(cuda_host_cublaslt PRIVATE janus_compiler)
set_target_properties(cuda_host_cublaslt PROPERTIES OUTPUT_NAME cublasLt SUFFIX .so.13
                                                    LIBRARY_OUTPUT_DIRECTORY ${emulated_libraries})
add_dependencies(janus_cuda_host cuda_host_cublaslt)
target_compile_definitions(janus_cuda_host PUBLIC JANUS_CUDA_LIBRARY_FOLDER="${emulated_libraries}")
target_include_directories(janus_cuda_host BEFORE PUBLIC ${emulated})
target_link_libraries(janus_cuda_host PUBLIC janus_test_support janus_core)
# Many small functions a fiber: without optimising, hours.
target_compile_options(janus_cuda_host PRIVATE -xc++ -O2 -Wno-unknown-pragmas)
# A load that is not aligned to its size is a fault on a GPU, and no processor says so.
target_compile_options(janus_cuda_host PRIVATE -fsanitize=alignment -fsanitize-undefined-trap-on-error)

# Objects, of the backend and of the test: their open_cuda_device stands for that of janus_core, and no test is
# compiled again.
function(janus_add_emulated_program name test)
  add_executable(cuda_host_${name}_test $<TARGET_OBJECTS:${test}>)
  set_target_properties(cuda_host_${name}_test PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(cuda_host_${name}_test PRIVATE janus_cuda_host ${ARGN} janus_device_main)
endfunction()

foreach(name ${device_tests})
  set(emulated_${name} *)
endforeach()
# One of the two block formats, each of which takes a minute and more.
set(emulated_device_decode -*DecodingTest*q8_0)
foreach(name ${device_tests})
  janus_add_emulated_program(${name} core_${name}_test)
  add_test(NAME cuda_host.${name} COMMAND cuda_host_${name}_test --gtest_filter=${emulated_${name}})
  set_tests_properties(cuda_host.${name} PROPERTIES TIMEOUT 900 ENVIRONMENT JANUS_TEST_DEVICE=cuda)
endforeach()

# Blocks in another order, and threads between two barriers: what depends on it lacks a barrier.
foreach(name attention conv convnext device_decode norm)
  add_test(NAME cuda_host_order.${name} COMMAND cuda_host_${name}_test --gtest_filter=-*ManyRows*:*DecodingTest*q8_0)
  set_tests_properties(cuda_host_order.${name} PROPERTIES TIMEOUT 900 ENVIRONMENT
                       "JANUS_TEST_DEVICE=cuda;JANUS_CUDA_HOST_ORDER=1")
endforeach()

# What takes seconds there, not minutes.
set(emulated_golden -*_native*)
set(emulated_model_golden -*_native*)
set(emulated_invariants *InABatch*/grouped_query:*PixelsAre*/grouped_query)
set(emulated_growth *)
set(emulated_devices *)
set(emulated_engine *RandomMixtures*/grouped_query)
set(emulated_flow_golden *)
set(emulated_flow_drawing *Latents*/1:*TheImage*:*NoPads*)
set(emulated_flow_engine *RandomMixtures*:*Negative*:*EachStep*:*AreNone*:*Refuses*:*Stopping*)
set(emulated_flow_model *Scores*:*Describes*:*Embeds*)
set(emulated_flow_devices *)
set(emulated_vae *)
foreach(golden ${device_goldens})
  get_filename_component(name ${golden} NAME)
  string(REPLACE "/" "_" test ${golden}_test)
  janus_add_emulated_program(${name} ${test} janus_generator janus_image_file)
  add_test(NAME cuda_host.${name} COMMAND cuda_host_${name}_test --gtest_filter=${emulated_${name}})
  set_tests_properties(cuda_host.${name} PROPERTIES TIMEOUT 900 ENVIRONMENT JANUS_TEST_DEVICE=cuda)
endforeach()

add_executable(cuda_host_pool_test ${emulated}/pool_test.cc)
target_link_libraries(cuda_host_pool_test PRIVATE janus_cuda_host janus_core GTest::gtest_main)
add_test(NAME cuda_host.pool COMMAND cuda_host_pool_test)

add_executable(cuda_host_blas_test ${emulated}/blas_test.cc)
target_link_libraries(cuda_host_blas_test PRIVATE janus_cuda_host janus_device_main)
add_test(NAME cuda_host.blas COMMAND cuda_host_blas_test)
set_tests_properties(cuda_host.blas PROPERTIES TIMEOUT 300 ENVIRONMENT JANUS_TEST_DEVICE=cuda)

add_executable(cuda_host_memory_need_test ${emulated}/memory_need_test.cc)
target_link_libraries(cuda_host_memory_need_test PRIVATE janus_cuda_host janus_generator GTest::gtest_main)
add_test(NAME cuda_host.memory_need COMMAND cuda_host_memory_need_test)
set_tests_properties(cuda_host.memory_need PROPERTIES TIMEOUT 300)
