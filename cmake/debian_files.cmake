# Run by cpack on what it has put together for Debian's packages: compresses man pages, and gives each package the
# copyright file, the changes and the bill of materials that Debian and lintian expect.
cmake_minimum_required(VERSION 3.23)
include(${CPACK_JANUS_SOURCE}/cmake/changelog.cmake)
find_program(GZIP gzip REQUIRED)

function(compress path)
  execute_process(COMMAND ${GZIP} -9nf ${path} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

janus_changelog_date(${CPACK_JANUS_SOURCE}/CHANGELOG.md ${CPACK_PACKAGE_VERSION} date)
if(date STREQUAL "")
  message(FATAL_ERROR "CHANGELOG.md: expected the line \"## ${CPACK_PACKAGE_VERSION} - YYYY-MM-DD\", found none; say "
                      "there what is new")
endif()
execute_process(COMMAND date -u -R -d ${date} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
string(CONFIGURE [[
janus-cpp (@CPACK_PACKAGE_VERSION@-@CPACK_DEBIAN_PACKAGE_RELEASE@) unstable; urgency=medium

  * New release; changelog.gz says what it brings.

 -- @CPACK_PACKAGE_CONTACT@  @date@
]] changes @ONLY)
file(READ ${CPACK_JANUS_SOURCE}/LICENSE license)
string(REGEX REPLACE "^MIT License\n\nCopyright \\(c\\) ([^\n]*)\n\n" "" license "${license}")
set(holder "${CMAKE_MATCH_1}")
string(REPLACE "\n\n" "\n.\n" license "${license}")
string(STRIP "${license}" license)
string(REPLACE "\n" "\n " license "${license}")
string(CONFIGURE [[
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: janus

Files: *
Copyright: @holder@
License: Expat

License: Expat
 @license@
]] copyright @ONLY)

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documents ${root}/share/doc/${package})
  file(WRITE ${documents}/copyright "${copyright}")
  file(WRITE ${documents}/changelog.Debian "${changes}")
  file(COPY_FILE ${CPACK_JANUS_SOURCE}/CHANGELOG.md ${documents}/changelog)
  compress(${documents}/changelog.Debian)
  compress(${documents}/changelog)
  file(GLOB pages ${root}/share/man/man1/*.1)
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()
  if(component STREQUAL "program")
    file(GLOB bill ${CPACK_JANUS_BILL})
    file(COPY ${bill} DESTINATION ${documents})
    compress(${documents}/janus.spdx.json)
  endif()
endforeach()
