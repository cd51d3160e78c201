# The CUDA backend compiled by the host's compiler against the emulated runtime of this folder, and the tests of
# operations on it.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  return()  # the emulation switches stacks in x86-64's own instructions
endif()
set(emulated ${CMAKE_CURRENT_LIST_DIR})

add_library(janus_cuda_host OBJECT ${JANUS_CUDA_SOURCES} ${emulated}/runtime.cc ${emulated}/device.cc)
set_source_files_properties(${JANUS_CUDA_SOURCES} PROPERTIES LANGUAGE CXX)
target_include_directories(janus_cuda_host BEFORE PUBLIC ${emulated})
target_link_libraries(janus_cuda_host PUBLIC janus_test_support janus_core)
# Many small functions a fiber: without optimising, hours.
target_compile_options(janus_cuda_host PRIVATE -xc++ -O2 -Wno-unknown-pragmas)

foreach(name ${device_tests})
  add_executable(cuda_host_${name}_test core/${name}_test.cc)
  # Objects: its open_cuda_device stands for that of janus_core.
  target_link_libraries(cuda_host_${name}_test PRIVATE janus_cuda_host janus_device_main)
  add_test(NAME cuda_host.${name} COMMAND cuda_host_${name}_test)
  set_tests_properties(cuda_host.${name} PROPERTIES TIMEOUT 900 ENVIRONMENT JANUS_TEST_DEVICE=cuda)
endforeach()

foreach(name ${device_goldens})
  add_executable(cuda_host_${name}_test generator/${name}_test.cc)
  target_link_libraries(cuda_host_${name}_test PRIVATE janus_cuda_host janus_generator janus_image_file janus_device_main)
  add_test(NAME cuda_host.${name} COMMAND cuda_host_${name}_test --gtest_filter=-*_native*)
  set_tests_properties(cuda_host.${name} PROPERTIES TIMEOUT 900 ENVIRONMENT JANUS_TEST_DEVICE=cuda)
endforeach()

add_executable(cuda_host_pool_test ${emulated}/pool_test.cc)
target_link_libraries(cuda_host_pool_test PRIVATE janus_cuda_host janus_core GTest::gtest_main)
add_test(NAME cuda_host.pool COMMAND cuda_host_pool_test)
