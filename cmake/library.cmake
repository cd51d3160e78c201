# janus_add_library(NAME SOURCES file... [DEPENDS target...]): the static library of one folder.
# The folder's public headers are included as "folder/name.h" from the repository root.
function(janus_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(janus_${name} STATIC ${arg_SOURCES})
  add_library(janus::${name} ALIAS janus_${name})
  target_include_directories(janus_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/janus>)
  target_link_libraries(janus_${name} PRIVATE $<BUILD_INTERFACE:janus_compiler> PUBLIC ${arg_DEPENDS})
  set_target_properties(janus_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()

# janus_add_module(NAME SOURCES file... [LIBRARIES target...]): libjanus_NAME.so, which a program opens when it needs it
# (core/base/shared_module.h), with all inside that no library gives. It lands beside the programs, and in the library
# folder of an installation.
function(janus_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(janus_${name} MODULE ${arg_SOURCES})
  target_include_directories(janus_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(janus_${name} PRIVATE ${arg_LIBRARIES})
  # What the module lacks would show only where it is loaded.
  target_link_options(janus_${name} PRIVATE -Wl,--no-undefined)
  set_target_properties(janus_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  install(TARGETS janus_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()
