# janus_changelog_date(FILE VERSION VARIABLE): the day, as YYYY-MM-DD, that CHANGELOG.md gives a version in its line
# "## VERSION - YYYY-MM-DD"; empty where it has none.
function(janus_changelog_date file version variable)
  set(${variable} "" PARENT_SCOPE)
  if(NOT EXISTS ${file})
    return()
  endif()
  file(STRINGS ${file} lines REGEX "^## ")
  foreach(line IN LISTS lines)
    if(line MATCHES "^## ([0-9.]+) - ([0-9]+-[0-9]+-[0-9]+)$" AND CMAKE_MATCH_1 STREQUAL version)
      set(${variable} ${CMAKE_MATCH_2} PARENT_SCOPE)
    endif()
  endforeach()
endfunction()
