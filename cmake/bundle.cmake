# JANUS_BUNDLE: an installation that may be moved, and runs where none of the libraries is that the program links. They,
# and those of the module `images`, are put beside the modules, with what Debian says of their licences. The C and C++
# libraries are the system's (a newer one serves modules that other libraries of the system bring). So are the
# libraries of the other modules: some have licences that ask more of whoever passes them on (docs/packages.md).
set(JANUS_BUNDLED libonig.so libutf8proc.so libsentencepiece.so libfmt.so libtomlplusplus.so libedit.so libtinfo.so
    libbsd.so libmd.so libjpeg.so libpng16.so libwebp.so libwebpdemux.so libgif.so libz.so)

# RPATH, which RUNPATH is not: the libraries of modules and of libraries are looked for there, too.
target_link_options(janus PRIVATE -Wl,--disable-new-dtags)
janus_set_run_path(janus "$ORIGIN/../${JANUS_MODULE_FOLDER}")

set(modules)
if(JANUS_IMAGES)
  set(modules $<TARGET_FILE:janus_images>)
endif()
install(CODE "set(JANUS_BUNDLED [[${JANUS_BUNDLED}]])
set(JANUS_BUNDLE_PROGRAM [[$<TARGET_FILE:janus>]])
set(JANUS_BUNDLE_MODULES [[${modules}]])
set(JANUS_BUNDLE_FOLDER [[${JANUS_MODULE_FOLDER}]])
set(JANUS_BUNDLE_DOCUMENTS [[${CMAKE_INSTALL_DOCDIR}/libraries]])
include([[${PROJECT_SOURCE_DIR}/cmake/install_bundle.cmake]])" COMPONENT program)
