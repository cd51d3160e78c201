# cmake -DREADELF=readelf -DPROGRAM=janus "-DFILES=janus;module..." -DFORTIFIED=1 -P check.cmake: fails where what was
# built lacks what cmake/hardening.cmake asks for.
cmake_minimum_required(VERSION 3.23)

function(expect file options pattern what)
  execute_process(COMMAND ${READELF} -W ${options} ${file} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  if(NOT text MATCHES "${pattern}")
    message(SEND_ERROR "${file}: expected ${what}, found none; build with JANUS_HARDEN=ON")
  endif()
endfunction()

foreach(file IN LISTS FILES)
  expect(${file} -d "BIND_NOW|FLAGS_1\\)[^\n]*NOW" "all symbols bound at the start (-z now)")
  expect(${file} -l "GNU_RELRO" "tables that are read-only once it runs (-z relro)")
  expect(${file} -l "GNU_STACK +0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ RW " "a stack that holds no code")
  expect(${file} -h "Type: +DYN" "code that stands anywhere (PIE)")
endforeach()
expect(${PROGRAM} --dyn-syms "__stack_chk_fail" "guarded stacks (-fstack-protector-strong)")
if(FORTIFIED)
  expect(${PROGRAM} --dyn-syms "__[a-z]+_chk@" "checked calls of the C library (_FORTIFY_SOURCE)")
endif()
