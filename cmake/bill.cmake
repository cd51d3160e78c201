# janus.spdx.json, the bill of materials (docs/dependencies.md): made of the table on that page and of what was built.
set(JANUS_BILL ${PROJECT_BINARY_DIR}/janus.spdx.json)
get_property(artifacts GLOBAL PROPERTY JANUS_MODULES)
if(JANUS_PROGRAM)
  list(APPEND artifacts janus)
endif()
if(JANUS_KIND STREQUAL "SHARED")
  list(APPEND artifacts janus_core janus_vision janus_image_file janus_tokenizer janus_generator janus_builtin_model)
endif()
set(JANUS_BILL_FILES)
foreach(target IN LISTS artifacts)
  list(APPEND JANUS_BILL_FILES $<TARGET_FILE:${target}>)
endforeach()

# Which targets of the table this build has, with the folders of their headers.
set(table ${PROJECT_SOURCE_DIR}/docs/dependencies.md)
include(${PROJECT_SOURCE_DIR}/cmake/dependency_table.cmake)
janus_dependency_rows(${table} rows)
set(found)
foreach(row IN LISTS rows)
  janus_dependency_row("${row}")
  if(TARGET "${row_target}")
    get_target_property(folders ${row_target} INTERFACE_INCLUDE_DIRECTORIES)
    string(REPLACE ";" "," folders "${folders}")
    list(APPEND found "${row_target}=${folders}")
  endif()
endforeach()

add_custom_command(OUTPUT ${JANUS_BILL} VERBATIM
                   DEPENDS ${artifacts} ${table} ${PROJECT_SOURCE_DIR}/cmake/write_bill.cmake
                           ${PROJECT_SOURCE_DIR}/cmake/dependency_table.cmake
                   COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION} -DTABLE=${table} "-DFILES=${JANUS_BILL_FILES}"
                           "-DFOUND=${found}" "-DBUNDLED=${JANUS_BUNDLED}" -DSYSTEM_INCLUDE=/usr/include
                           -DREADELF=${CMAKE_READELF} -DCROSS=${CMAKE_CROSSCOMPILING} -DOUTPUT=${JANUS_BILL}
                           -P ${PROJECT_SOURCE_DIR}/cmake/write_bill.cmake)
add_custom_target(janus_bill ALL DEPENDS ${JANUS_BILL})
install(FILES ${JANUS_BILL} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)
