# What fuzzers read with, and no more of janus, so that a build takes a minute or two. The names are those of the
# libraries of the program: tests/fuzz/CMakeLists.txt says where a reader is in one way.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "JANUS_FUZZ=ON: expected clang, whose libFuzzer searches, found ${CMAKE_CXX_COMPILER_ID}; "
                      "configure the preset fuzz, or run tests/fuzz/run.sh")
endif()
# Counters of edges for libFuzzer. The checks of types by vtable and signature do not see across modules.
add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize=vptr,function)
# What no reader calls needs nothing: many of them stand in one file with the work that they are for.
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(LINKER:--gc-sections)

# janus_add_readers(NAME FILES file... [DEPENDS library...]): files of the repository, without ".cc", as janus_NAME.
function(janus_add_readers name)
  cmake_parse_arguments(arg "" "" "FILES;DEPENDS" ${ARGN})
  list(TRANSFORM arg_FILES PREPEND ${PROJECT_SOURCE_DIR}/)
  list(TRANSFORM arg_FILES APPEND .cc)
  janus_add_library(${name} INTERNAL SOURCES ${arg_FILES} DEPENDS ${arg_DEPENDS})
endfunction()

file(GLOB core RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/core/base/*.cc
     ${PROJECT_SOURCE_DIR}/core/checkpoint/*.cc)
list(TRANSFORM core REPLACE "\\.cc$" "")
janus_add_readers(core DEPENDS fmt::fmt nlohmann_json::nlohmann_json FILES ${core}
                  core/nn/layers core/nn/sampler core/nn/transformer_config
                  core/quant/finite_weights core/quant/format core/quant/quantize
                  core/tensor/dry_device core/tensor/fused core/tensor/memory_ops core/tensor/ops core/tensor/tensor
                  tests/fuzz/no_backend)
target_link_libraries(janus_core PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
set_source_files_properties(${PROJECT_SOURCE_DIR}/core/base/shared_module.cc PROPERTIES
                            COMPILE_DEFINITIONS JANUS_MODULE_FOLDER="${JANUS_MODULE_FOLDER}")

add_subdirectory(${PROJECT_SOURCE_DIR}/vision vision)
add_subdirectory(${PROJECT_SOURCE_DIR}/tokenizer tokenizer)
janus_add_readers(generator DEPENDS janus_vision janus_tokenizer FILES
                  generator/janus/image_settings generator/janus/janus_config generator/janusflow/flow_config
                  generator/limits generator/messages generator/parameters_text generator/settings_text
                  generator/stop_strings tests/fuzz/no_engine)

janus_add_readers(hub DEPENDS janus_core FILES cli/hub/listing cli/hub/open_http cli/hub/repository)
if(JANUS_TOML)
  janus_add_readers(settings DEPENDS janus_core FILES cli/app/settings/toml_settings)
  target_link_libraries(janus_settings PRIVATE janus::toml)
endif()
# libarchive's reader itself, in place of what opens its module.
janus_add_readers(program DEPENDS janus_generator janus_image_file janus_hub FILES
                  cli/app/fault cli/app/number_slip cli/app/options cli/app/sampling_options cli/app/settings_file
                  cli/app/slips
                  cli/chat/chat_commands cli/chat/completion cli/chat/transcript cli/chat/typed_path
                  cli/generate/layout cli/generate/made_with cli/generate/read_settings
                  cli/io/console cli/io/existing_files cli/io/file_names cli/io/interrupt cli/io/json_output
                  cli/io/last_line cli/io/npy cli/io/output_file cli/io/output_pattern cli/io/readable cli/io/safe_text
                  cli/io/terminal_width cli/io/text_input cli/io/text_lines
                  cli/journal/journal cli/journal/key cli/journal/key_hash cli/journal/makers cli/journal/record_summary
                  cli/serve/access_log cli/serve/admission cli/serve/answer_run cli/serve/api_error cli/serve/api_keys
                  cli/serve/automatic1111/txt2img_request cli/serve/fetch_image cli/serve/image_reply
                  cli/serve/image_text cli/serve/inline_image cli/serve/known_images
                  cli/serve/ollama/ollama_request cli/serve/openai/chat_request cli/serve/openai/image_fields
                  cli/serve/openai/message_parts cli/serve/openai/response_request cli/serve/openai/unsupported
                  cli/serve/replies cli/serve/request_json cli/serve/route_table cli/serve/sampling_fields
                  cli/serve/stop_fields
                  cli/sources/archive_index cli/sources/libarchive_archive cli/sources/name_filter
                  cli/sources/path_list cli/sources/where)
target_link_libraries(janus_program PRIVATE janus::archive CLI11::CLI11 janus_settings)
