# cmake --install: the program, the modules that it opens (janus_add_module installs them), the libraries with their
# public headers, and the package that find_package(janus)
# reads. Headers land in include/janus, so a program includes "generator/model.h" as the project itself does.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/janus)

install(TARGETS janus)
install(TARGETS janus_core janus_vision janus_image_file janus_tokenizer janus_generator EXPORT janusTargets)
install(EXPORT janusTargets NAMESPACE janus:: DESTINATION ${package_dir})
# The headers that a program may include, and what those include themselves; all others are the project's own.
set(JANUS_PUBLIC_HEADERS
    core/base/error.h core/base/mapped_file.h
    core/checkpoint/checkpoint.h core/checkpoint/file_set.h core/checkpoint/stored_tensor.h core/checkpoint/weight_files.h
    core/nn/sampler.h core/quant/format.h core/tensor/device.h core/tensor/tensor.h
    generator/conversation.h generator/engine/engine.h generator/engine/engine_options.h
    generator/engine/request.h generator/model.h generator/part_types.h generator/results.h
    tokenizer/text/text_range.h tokenizer/text/text_tokenizer.h vision/image.h vision/image_file.h)
foreach(header IN LISTS JANUS_PUBLIC_HEADERS)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/janus/${folder})
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/janusConfig.cmake.in ${PROJECT_BINARY_DIR}/janusConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/janusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/janusConfig.cmake ${PROJECT_BINARY_DIR}/janusConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake
        DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(pages ${PROJECT_BINARY_DIR}/cli/pages)
install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${pages}/janus DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)
install(FILES ${pages}/_janus DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
install(FILES ${pages}/janus.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
