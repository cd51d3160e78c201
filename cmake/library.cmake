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
