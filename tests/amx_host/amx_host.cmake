# The kernels of AMX on processors without it: with a stand-in of the tiles, which runs as fast as vectors can, and,
# trapped instruction by instruction, as they are. Programs of other tests, with another choice of kernels.
if(NOT JANUS_HAS_AMX)
  return()
endif()
set(vectors -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mprefer-vector-width=512)
set(amx ${CMAKE_CURRENT_LIST_DIR})
add_library(janus_amx_host OBJECT ${amx}/isa_stand_in.cc ${amx}/choice.cc)
add_library(janus_amx_trap OBJECT ${amx}/trap.cc ${amx}/choice_trap.cc)
set_source_files_properties(${amx}/isa_stand_in.cc ${amx}/trap.cc PROPERTIES COMPILE_OPTIONS "-O2;${vectors}")
foreach(library janus_amx_host janus_amx_trap)
  target_link_libraries(${library} PUBLIC janus_test_support)
endforeach()

# FOLDER.NAME, whose program is FOLDER_NAME_test, as PREFIX.NAME; further arguments are for the program.
function(janus_add_amx_test prefix folder name)
  set(target ${prefix}_${name}_test)
  add_executable(${target} $<TARGET_OBJECTS:${folder}_${name}_test>)
  target_link_libraries(${target} PRIVATE janus_${prefix})
  get_target_property(libraries ${folder}_${name}_test LINK_LIBRARIES)
  target_link_libraries(${target} PRIVATE ${libraries})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  add_test(NAME ${prefix}.${name} COMMAND ${target} ${ARGN})
  # Skipped, and saying why, on a processor without the vectors beside the tiles.
  set_tests_properties(${prefix}.${name} PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT JANUS_ISA=amx
                       SKIP_REGULAR_EXPRESSION "JANUS_ISA=amx: this processor lacks it")
endfunction()

foreach(name attention conv linear reproducible transformer_invariants tiles)
  janus_add_amx_test(amx_host core ${name})
endforeach()
foreach(name isa winograd)
  janus_add_amx_test(amx_host core ${name} --gtest_filter=*amx*)
endforeach()
janus_add_amx_test(amx_host generator golden --gtest_filter=-*_native*)
janus_add_amx_test(amx_host generator engine --gtest_filter=*RandomMixtures*/grouped_query)
foreach(name isa tiles)
  janus_add_amx_test(amx_trap core ${name} --gtest_filter=*amx*:Tile*)
endforeach()

add_executable(amx_support_test ${amx}/support_test.cc)
target_link_libraries(amx_support_test PRIVATE janus_test_support janus_core GTest::gtest_main)
add_test(NAME amx_host.support COMMAND amx_support_test)
