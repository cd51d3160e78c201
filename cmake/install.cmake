# cmake --install: the program, the modules that it opens (janus_add_module installs them), the libraries with their
# public headers, and the packages that find_package(janus) and pkg-config read. Components: `program`; `library`, what
# programs need to run; `development`, what they need to be built.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/janus)
get_target_property(JANUS_KIND janus_core TYPE)
string(REPLACE "_LIBRARY" "" JANUS_KIND ${JANUS_KIND})  # STATIC or SHARED

install(TARGETS janus_core janus_vision janus_image_file janus_tokenizer janus_generator janus_builtin_model janus_janus
        EXPORT janusTargets
        LIBRARY COMPONENT library NAMELINK_COMPONENT development
        ARCHIVE COMPONENT development)
install(EXPORT janusTargets NAMESPACE janus:: DESTINATION ${package_dir} COMPONENT development)
install(DIRECTORY ${JANUS_HEADER_FOLDER}/janus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/janusConfig.cmake.in ${PROJECT_BINARY_DIR}/janusConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/janusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/janusConfig.cmake ${PROJECT_BINARY_DIR}/janusConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake
        DESTINATION ${package_dir} COMPONENT development)
include(${PROJECT_SOURCE_DIR}/cmake/pkg_config.cmake)

# Debian's packages say the licence and the changes in files of their own (packages.cmake).
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT documents)
if(JANUS_BUNDLE)
  include(${PROJECT_SOURCE_DIR}/cmake/bundle.cmake)
endif()
include(${PROJECT_SOURCE_DIR}/cmake/bill.cmake)

if(JANUS_PROGRAM)
  install(TARGETS janus COMPONENT program)
  set(pages ${PROJECT_BINARY_DIR}/cli/pages)
  install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program FILES_MATCHING PATTERN "*.1")
  install(FILES ${pages}/janus DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program
          OPTIONAL)
  install(FILES ${pages}/_janus DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program OPTIONAL)
  install(FILES ${pages}/janus.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program
          OPTIONAL)
endif()
if(PROJECT_IS_TOP_LEVEL)
  include(${PROJECT_SOURCE_DIR}/cmake/packages.cmake)
endif()
