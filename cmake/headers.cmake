# The headers that a program may include: <janus/janus.h>, what it includes, what those include, and so on; all others
# are the project's own. They are put below include/janus of the build folder as they are installed, and include each
# other as a program does, by <janus/...>: so the one folder on a program's path holds the one name `janus`.
set(JANUS_HEADER_FOLDER ${PROJECT_BINARY_DIR}/include)

# janus_included(TEXT VARIABLE): the headers of janus that a text includes.
function(janus_included text variable)
  string(REGEX MATCHALL "#include (\"|<janus/)[^\">]+" lines "${text}")
  list(TRANSFORM lines REPLACE "#include (\"|<janus/)" "")
  set(${variable} ${lines} PARENT_SCOPE)
endfunction()

# Keeps the file, and so what was compiled with it, where its text stays.
function(janus_write_header path text)
  if(EXISTS ${path})
    file(READ ${path} before)
    if(before STREQUAL text)
      return()
    endif()
  endif()
  file(WRITE ${path} "${text}")
endfunction()

configure_file(${PROJECT_SOURCE_DIR}/include/janus/janus.h ${JANUS_HEADER_FOLDER}/janus/janus.h COPYONLY)
configure_file(${PROJECT_SOURCE_DIR}/include/janus/version.h.in ${JANUS_HEADER_FOLDER}/janus/version.h @ONLY)
file(READ ${PROJECT_SOURCE_DIR}/include/janus/janus.h text)
janus_included("${text}" waiting)
set(JANUS_PUBLIC_HEADERS janus.h version.h)
while(waiting)
  list(POP_FRONT waiting header)
  if(header IN_LIST JANUS_PUBLIC_HEADERS)
    continue()
  endif()
  list(APPEND JANUS_PUBLIC_HEADERS ${header})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
  file(READ ${PROJECT_SOURCE_DIR}/${header} text)
  janus_included("${text}" included)
  list(APPEND waiting ${included})
  string(REGEX REPLACE "#include \"([^\"]+)\"" "#include <janus/\\1>" text "${text}")
  janus_write_header(${JANUS_HEADER_FOLDER}/janus/${header} "${text}")
endwhile()

# Those of an earlier configuration that none of these includes any more.
file(GLOB_RECURSE there RELATIVE ${JANUS_HEADER_FOLDER}/janus ${JANUS_HEADER_FOLDER}/janus/*.h)
foreach(header IN LISTS there)
  if(NOT header IN_LIST JANUS_PUBLIC_HEADERS)
    file(REMOVE ${JANUS_HEADER_FOLDER}/janus/${header})
  endif()
endforeach()
