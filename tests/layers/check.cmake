# cmake -DROOT=repository -P check.cmake: fails when a source file includes what its folder may not know, asks the
# preprocessor for a feature, or is too long. docs/architecture.md shows the picture that this keeps true.
cmake_minimum_required(VERSION 3.23)

# Folder -> the folders its files may include: itself and what lies below it, never sideways or up. Tests may
# include anything. The longer path comes first.
set(core_rooms core/base core/quant core/tensor core/checkpoint core/nn)
set(folders core/cpu core/cuda ${core_rooms} vision tokenizer generator cli/hub cli python samples/janus-tiny
    samples)
# Inside core each room may include those before it, too.
set(below)
foreach(room IN LISTS core_rooms)
  list(APPEND below ${room})
  set(${room}_may ${below})
endforeach()
set(core/cpu_may core/base core/quant core/tensor core/cpu)
set(core/cuda_may core/base core/quant core/tensor core/cuda)
set(vision_may ${core_rooms} vision)
set(tokenizer_may ${core_rooms} tokenizer)
set(generator_may ${core_rooms} vision tokenizer generator)
set(samples/janus-tiny_may ${core_rooms} samples/janus-tiny)
set(cli/hub_may core/base cli/hub)
set(cli_may ${core_rooms} vision tokenizer generator samples/janus-tiny cli/hub cli)
set(python_may ${core_rooms} vision tokenizer generator python)
set(samples_may ${core_rooms} vision tokenizer generator)
# Which of a repository's files are pulled is decided where a folder's are. The table of backends opens the devices and what counts for them; nothing else of core knows them. What a device
# decodes by itself is a decoder, which core/nn describes: of that the GPU's steps read this header alone.
set(allowed "core/tensor/device.cc: core/cpu/cpu_device.h" "core/tensor/device.cc: core/cpu/cpu_dry_device.h"
            "core/tensor/device.cc: core/cuda/cuda_dry_device.h" "core/quant/quantize.h: core/tensor/tensor.h"
            "core/quant/search.h: core/tensor/tensor.h" "core/cuda/cuda_device.h: core/nn/device_decode_plan.h"
            "core/cuda/cuda_dry_device.h: core/nn/device_decode_plan.h"
            "core/cuda/decode_needs.h: core/nn/device_decode_plan.h"
            "cli/hub/listing.h: core/checkpoint/weight_files.h")

# Header -> the only files that may include it, both as regular expressions: a library stays behind one folder.
set(owned "vision/image_file.h" "^(opencv2/|stb_|jpeglib|jerror|png\\.h|webp/|tiff|gif_lib|libheif/|jxl/|openjpeg)"
          "^(oniguruma|utf8proc|sentencepiece)" "^CLI/" "^curl/"
          "^archive(_entry)?\\.h$" "^microhttpd\\.h$")
set(owners "^(vision/(image_file|formats/)|generator/settings_text|cli/|python/|samples/)" "^vision/formats/" "^tokenizer/" "^cli/"
           "^cli/hub/curl_http\\.cc$" "^cli/sources/libarchive_archive\\.cc$" "^cli/serve/httpd/")

# Call -> the only file that may make it, both as regular expressions: what is read from outside is bounded in one place.
set(bounded "[jJ]son::(parse|sax_parse|accept)\\(" "toml::parse(_file)?\\(")
set(bounders "^core/base/json\\.cc$" "^cli/app/settings/toml_settings\\.cc$")

# CMake chooses between files, so no #if stands anywhere but in the kernels, which ask for the instruction set that
# they are compiled for.
set(may_ask_preprocessor "^core/(cpu/simd|cuda)/")
set(longest_file 400)

function(fault file text)
  message("${file}: ${text}")
  set_property(GLOBAL APPEND PROPERTY faults "${file}")
endfunction()

function(check_layer file header)
  foreach(path IN ITEMS file header)
    foreach(folder IN LISTS folders)
      if("${${path}}" MATCHES "^${folder}/")
        set(${path}_folder ${folder})
        break()
      endif()
    endforeach()
  endforeach()
  if(NOT header_folder IN_LIST ${file_folder}_may AND NOT "${file}: ${header}" IN_LIST allowed)
    list(JOIN ${file_folder}_may ", " may)
    fault(${file} "expected includes from ${may} alone, found \"${header}\"; move what is shared down")
  endif()
endfunction()

function(check_owner file header)
  foreach(pattern owner IN ZIP_LISTS owned owners)
    if("${header}" MATCHES "${pattern}" AND NOT "${file}" MATCHES "${owner}")
      fault(${file} "expected <${header}> in ${owner} alone; call the folder that wraps it")
    endif()
  endforeach()
endfunction()

function(check_includes file)
  file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS includes)
    string(REGEX MATCH "include[ \t]*([\"<])([^\">]+)" unused "${line}")
    set(quote "${CMAKE_MATCH_1}")
    set(header "${CMAKE_MATCH_2}")
    check_owner(${file} ${header})
    if(EXISTS ${ROOT}/${header})
      check_layer(${file} ${header})
    elseif(quote STREQUAL "\"")
      fault(${file} "expected a path from the repository's root, found \"${header}\"")
    endif()
  endforeach()
endfunction()

function(check_conditions file)
  file(STRINGS ${ROOT}/${file} conditions REGEX "^[ \t]*#[ \t]*(if|elif)")
  if(conditions AND NOT "${file}" MATCHES "${may_ask_preprocessor}")
    list(GET conditions 0 condition)
    fault(${file} "expected no conditional compilation, found ${condition}; let CMake choose between two files")
  endif()
endfunction()

function(check_calls file)
  foreach(pattern owner IN ZIP_LISTS bounded bounders)
    file(STRINGS ${ROOT}/${file} calls REGEX "${pattern}")
    if(calls AND NOT "${file}" MATCHES "${owner}")
      list(GET calls 0 call)
      fault(${file} "expected \"${pattern}\" in ${owner} alone, found ${call}; call what it gives, which is bounded")
    endif()
  endforeach()
endfunction()

function(check_length file)
  file(READ ${ROOT}/${file} text)
  string(REGEX MATCHALL "\n" lines "${text}")
  list(LENGTH lines length)
  string(REGEX MATCH "^(//[^\n]*\n)+" first_comment "${text}")
  if(length GREATER longest_file AND NOT first_comment MATCHES "${longest_file} lines")
    fault(${file} "expected at most ${longest_file} lines, found ${length}; cut it by subject, or \
say in its first comment why it is longer than ${longest_file} lines")
  endif()
endfunction()

set(patterns)
foreach(folder core vision tokenizer generator cli python samples tests)
  list(APPEND patterns ${ROOT}/${folder}/*.h ${ROOT}/${folder}/*.cc ${ROOT}/${folder}/*.cu)
endforeach()
file(GLOB_RECURSE files RELATIVE ${ROOT} ${patterns})
list(FILTER files EXCLUDE REGEX "^tests/layers/")
list(LENGTH files count)
if(count EQUAL 0)
  message(FATAL_ERROR "layers, ${ROOT}: expected source files, found none; give the repository's root as ROOT")
endif()
foreach(file IN LISTS files)
  if(NOT file MATCHES "^tests/")
    check_includes(${file})
    check_conditions(${file})
    check_calls(${file})
  endif()
  check_length(${file})
endforeach()

get_property(faults GLOBAL PROPERTY faults)
list(LENGTH faults faults)
if(faults)
  message(FATAL_ERROR "layers: ${faults} faults in ${count} files")
endif()
message("layers: ${count} files, no faults")
