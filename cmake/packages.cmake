# `cpack`, in a build folder of the preset `deb`: Debian packages of program, library and development; in one of the
# preset `portable`: a tar.gz of the program that may be unpacked anywhere (docs/packages.md).
set(maintainer "The janus authors <janus-cpp@packages.invalid>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(JANUS_MAINTAINER ${maintainer} CACHE STRING "Name and address in packages")

# Debian has another program of the name janus, with a package of that name.
set(CPACK_PACKAGE_NAME janus-cpp)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${JANUS_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL program library)
set(CPACK_GENERATOR DEB)
if(JANUS_BUNDLE)
  set(CPACK_GENERATOR TGZ)
  list(APPEND CPACK_COMPONENTS_ALL documents)
elseif(JANUS_KIND STREQUAL "SHARED")
  list(APPEND CPACK_COMPONENTS_ALL development)
endif()

if(CPACK_GENERATOR STREQUAL "TGZ")
  # One archive, with a folder of its name inside.
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
  string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" system)
  set(CPACK_ARCHIVE_FILE_NAME janus-${PROJECT_VERSION}-${system})
  set(CPACK_PACKAGE_FILE_NAME ${CPACK_ARCHIVE_FILE_NAME})
else()
  set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
      WORLD_READ WORLD_EXECUTE)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
  set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${JANUS_OUTPUT_FOLDER})
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY =)
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own first line
  set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_files.cmake)
  set(CPACK_JANUS_SOURCE ${PROJECT_SOURCE_DIR})
  set(CPACK_JANUS_BILL ${JANUS_BILL})

  set(library libjanus-cpp${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set(same "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
  set(about "janus runs DeepSeek's models Janus, Janus-Pro and JanusFlow, without Python: it
describes images, answers questions about them and makes images from words.")

  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME janus-cpp)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION graphics)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "${library} ${same}")
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ca-certificates)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONFLICTS janus)  # the WebRTC server, whose program has the name, too
  set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "describe and generate images with DeepSeek's Janus models
${about}
.
This package has the program janus, with a small model inside.")

  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  # dpkg calls ldconfig by a trigger. cpack writes scripts that call it where none are named: these two are, and are not
  # there.
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/triggers
      ${PROJECT_SOURCE_DIR}/cmake/debian/postinst ${PROJECT_SOURCE_DIR}/cmake/debian/postrm)
  set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "multimodal models of the Janus family - libraries
${about}
.
This package has the shared libraries, and the modules that read image files.")

  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libjanus-cpp-dev)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} ${same}, libfmt-dev, nlohmann-json3-dev")
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_CONFLICTS janus-dev)
  set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "multimodal models of the Janus family - development files
${about}
.
This package has what programs in C++20 need to be built with the libraries:
headers, and packages for CMake and pkg-config.")
endif()
include(CPack)
