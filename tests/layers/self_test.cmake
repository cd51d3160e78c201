# cmake -DWORK=scratch -P self_test.cmake: the layer check must see every kind of fault that stands in bad/.
cmake_minimum_required(VERSION 3.23)

file(REMOVE_RECURSE ${WORK})
file(COPY ${CMAKE_CURRENT_LIST_DIR}/bad/ DESTINATION ${WORK})
string(REPEAT "\n" 401 lines)
file(WRITE ${WORK}/cli/long.cc "${lines}")
execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/check.cmake
                RESULT_VARIABLE result ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "expected the check to fail, found exit code 0")
endif()
foreach(expected "core/base/up.cc: expected includes" "core/tensor/kernel_user.cc: expected includes" "core/base/inside.cc: expected includes"
                
                 "vision/sideways.h: expected includes" "tokenizer/owner.h: expected <opencv2/core.hpp>"
                 "tokenizer/owner.h: expected a path" "cli/feature.cc: expected no conditional"
                 "cli/long.cc: expected at most 400 lines, found 401" "cli/unbounded.cc: expected \"[jJ]son::"
                 "layers: 9 faults in 10 files")
  string(FIND "${output}" "${expected}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "expected \"${expected}\" in the check's output, found:\n${output}")
  endif()
endforeach()
