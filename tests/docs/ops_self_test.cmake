# cmake -DROOT=repository -DWORK=scratch -P ops_self_test.cmake: ops.cmake must find no fault in the repository, and see
# every kind of fault in a copy of what it reads.
cmake_minimum_required(VERSION 3.23)

function(run_check result_variable output_variable)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${ROOT}/tests/docs/ops.cmake
                  RESULT_VARIABLE result ERROR_VARIABLE output)
  set(${result_variable} ${result} PARENT_SCOPE)
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

# Replaces `from` in a file of the copy, expects the check to name `expected` as its only fault, and puts it back.
function(expect_fault file from to expected)
  file(READ ${WORK}/${file} text)
  string(REPLACE "${from}" "${to}" damaged "${text}")
  if(damaged STREQUAL text)
    message(FATAL_ERROR "${file}: expected \"${from}\" in it, found none; change this test with what it damages")
  endif()
  file(WRITE ${WORK}/${file} "${damaged}")
  run_check(result output)
  file(WRITE ${WORK}/${file} "${text}")
  string(FIND "${output}" "${expected}" place)
  if(result EQUAL 0 OR place EQUAL -1 OR NOT output MATCHES "ops: 1 faults")
    message(FATAL_ERROR "expected the one fault \"${expected}\", found exit code ${result} and:\n${output}")
  endif()
endfunction()

# The damaged files alone are written; the others are links to folders of the repository.
file(REMOVE_RECURSE ${WORK})
foreach(folder vision tokenizer samples)
  file(MAKE_DIRECTORY ${WORK})
  file(CREATE_LINK ${ROOT}/${folder} ${WORK}/${folder} SYMBOLIC)
endforeach()
file(COPY ${ROOT}/core ${ROOT}/generator ${ROOT}/cli ${ROOT}/docs DESTINATION ${WORK}
     FILES_MATCHING PATTERN "*.h" PATTERN "*.cc" PATTERN "*.cu" PATTERN "*.md")
file(COPY ${ROOT}/cmake DESTINATION ${WORK})
file(COPY ${ROOT}/tests DESTINATION ${WORK} FILES_MATCHING PATTERN "*.h" PATTERN "*.cc" PATTERN "*.sh"
     PATTERN "CMakeLists.txt" PATTERN "data" EXCLUDE)

run_check(result output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "expected no faults, found:\n${output}")
endif()

set(add "void add(const Tensor& x, const Tensor& y, Tensor& out) override;")
expect_fault(core/cpu/cpu_device.h "${add}" "" "add: expected CpuDevice to override it")
expect_fault(core/cuda/cuda_device.h "${add}" "" "add: expected CudaDevice to override it")
expect_fault(core/cuda/cuda_device.h "${add}" "// ${add}" "add: expected CudaDevice to override it")
expect_fault(core/cuda/cuda_dry_device.h "const DeviceTraits& traits() const override" "int other() const"
             "traits: expected DryDevice, or each class under it, to override it in core/cuda/cuda_dry_device.h")
expect_fault(core/tensor/fused.cc "Device::linear_add(" "Device::other("
             "linear_add: expected a default body in core/tensor/fused.cc")
expect_fault(core/tensor/ops.h "Tensor upsample_nearest2x(const Tensor& x);" ""
             "upsample_nearest2x: expected an operation of this name in core/tensor/ops.h")
expect_fault(core/tensor/memory_ops.cc "Tensor concatenate(" "Tensor other("
             "concatenate: expected its checks in core/tensor/ops.cc")
expect_fault(tests/core/fused_test.cc "ops::linear_multi(" "ops::other("
             "linear_multi: expected a test of ops::linear_multi in tests/core")
expect_fault(tests/core/ops_test.cc "ops::rope(" "ops::other("
             "rope: expected ops::rope in a test that runs on every device")
expect_fault(docs/adding_an_op.md "`core/tensor/fused.cc`" "the file of default bodies"
             "docs/adding_an_op.md: expected core/tensor/fused.cc, which silu_conv2d touches")
expect_fault(docs/adding_an_op.md "`gelu_erf`" "`gelu_erf` (`core/gone.cc`)"
             "docs/adding_an_op.md: expected core/gone.cc in the repository")
expect_fault(docs/architecture.md "`LineReader`" "lines"
             "docs/architecture.md: expected the virtual interface LineReader of cli/chat/line_reader.h")
