# Run by cmake --install of a build with JANUS_BUNDLE (bundle.cmake, which sets what this takes).
cmake_policy(VERSION 3.23)
list(JOIN JANUS_BUNDLED "|" names)
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${JANUS_BUNDLE_PROGRAM} MODULES ${JANUS_BUNDLE_MODULES}
     RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR missing PRE_INCLUDE_REGEXES "^(${names})"
     PRE_EXCLUDE_REGEXES .)
foreach(library IN LISTS found)
  file(INSTALL ${library} DESTINATION ${CMAKE_INSTALL_PREFIX}/${JANUS_BUNDLE_FOLDER} FOLLOW_SYMLINK_CHAIN)
  file(REAL_PATH ${library} file)
  set(package)
  # A merged /usr is not known to dpkg of Debian 12.
  string(REGEX REPLACE "^/usr/lib" "/lib" merged ${file})
  foreach(path IN ITEMS ${file} ${merged})
    execute_process(COMMAND dpkg-query -S ${path} OUTPUT_VARIABLE words ERROR_QUIET RESULT_VARIABLE result)
    if(result EQUAL 0)
      string(REGEX REPLACE ":.*" "" package "${words}")
      break()
    endif()
  endforeach()
  if(NOT package OR NOT EXISTS /usr/share/doc/${package}/copyright)
    message(FATAL_ERROR "JANUS_BUNDLE: ${library}: expected a library of a Debian package, whose licence is known, "
                        "found another; build on Debian")
  endif()
  file(READ /usr/share/doc/${package}/copyright text)
  file(WRITE $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${JANUS_BUNDLE_DOCUMENTS}/${package}.txt "${text}")
endforeach()
