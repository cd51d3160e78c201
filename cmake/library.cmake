# janus_add_library(NAME [INTERNAL] SOURCES file... [DEPENDS target...]): the library of one folder, janus::NAME for
# other projects; static or shared as BUILD_SHARED_LIBS says. INTERNAL: a part of the program, always static.
# Inside the project headers are included as "folder/name.h" from the repository root, by programs that use janus as
# <janus/folder/name.h> (headers.cmake).
function(janus_add_library name)
  cmake_parse_arguments(arg "INTERNAL" "" "SOURCES;DEPENDS" ${ARGN})
  set(kind)
  if(arg_INTERNAL)
    set(kind STATIC)
  endif()
  set(target janus_${name})
  add_library(${target} ${kind} ${arg_SOURCES})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:janus_compiler> PUBLIC ${arg_DEPENDS})
  if(arg_INTERNAL)
    return()
  endif()
  add_library(janus::${name} ALIAS ${target})
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${JANUS_HEADER_FOLDER}>
                                                 $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # Before 1.0 a minor version may change anything. DEFINE_SYMBOL: objects are the same for both kinds.
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} DEFINE_SYMBOL "" VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
                        LIBRARY_OUTPUT_DIRECTORY ${JANUS_OUTPUT_FOLDER})
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "SHARED_LIBRARY")
    # What it lacks, or has of a folder above it, would show only where a program is linked.
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
    janus_set_run_path(${target} "$ORIGIN")
  endif()
endfunction()

# janus_set_run_path(TARGET PATH): where it finds the libraries of an installation, unless the whole build says so.
function(janus_set_run_path target path)
  if(NOT DEFINED CMAKE_INSTALL_RPATH)
    set_property(TARGET ${target} PROPERTY INSTALL_RPATH ${path})
  endif()
endfunction()

# Where an installation has the modules: versions side by side do not share them.
set(JANUS_MODULE_FOLDER ${CMAKE_INSTALL_LIBDIR}/janus-${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# janus_add_module(NAME [PROGRAM] SOURCES file... [LIBRARIES target...]): libjanus_NAME.so, which a program opens when it
# needs it (core/base/shared_module.h), with all inside that no library gives. It lands beside the programs, and in
# JANUS_MODULE_FOLDER of an installation. PROGRAM: the command line alone opens it.
function(janus_add_module name)
  cmake_parse_arguments(arg "PROGRAM" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(janus_${name} MODULE ${arg_SOURCES})
  target_include_directories(janus_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(janus_${name} PRIVATE ${arg_LIBRARIES})
  # What the module lacks would show only where it is loaded. (Fuzzers' modules take the sanitizers from the program.)
  if(NOT JANUS_FUZZ)
    target_link_options(janus_${name} PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(janus_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${JANUS_OUTPUT_FOLDER})
  set_property(GLOBAL APPEND PROPERTY JANUS_MODULES janus_${name})
  if(JANUS_INSTALL)
    set(component library)
    if(arg_PROGRAM)
      set(component program)
    endif()
    install(TARGETS janus_${name} LIBRARY DESTINATION ${JANUS_MODULE_FOLDER} COMPONENT ${component})
  endif()
endfunction()
