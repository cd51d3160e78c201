# janus_embed(TARGET NAME FOLDER): makes the files directly in FOLDER read-only data of TARGET, each aligned to 64
# bytes, with the table of NAME that core/base/embedded_file.h describes. A changed, new or removed file rebuilds it; a
# folder that does not exist gives an empty table. GNU assembler and ELF.
function(janus_embed target name folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  set(data "")
  set(table "")
  set(count 0)
  foreach(file ${files})
    get_filename_component(file_name ${file} NAME)
    string(APPEND data ".balign 64\n.Ldata${count}: .incbin \"${file}\"\n.Lend${count}:\n"
                       ".Lname${count}: .asciz \"${file_name}\"\n")
    string(APPEND table "  .quad .Lname${count}, .Ldata${count}, .Lend${count} - .Ldata${count}\n")
    math(EXPR count "${count} + 1")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}_${name}.S)
  # The table holds addresses, which a position-independent program gets only when it is loaded.
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
.section .rodata.janus_embedded_@name@, "a", @progbits
@data@
.section .data.rel.ro.janus_embedded_@name@, "aw", @progbits
.balign 8
.globl janus_embedded_@name@
.hidden janus_embedded_@name@
janus_embedded_@name@:
@table@
.globl janus_embedded_@name@_count
.hidden janus_embedded_@name@_count
janus_embedded_@name@_count: .quad @count@
.section .note.GNU-stack, "", @progbits
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${source})
endfunction()
