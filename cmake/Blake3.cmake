# BLAKE3 as its authors write it in C, which chooses at run time what the processor has. Debian ships it with the Rust crate alone.
# moult_use_blake3(TARGET): compiles it into a library.
file(GLOB found "/usr/share/cargo/registry/blake3-*/c/blake3.h")
list(POP_BACK found header)
find_path(BLAKE3_DIR blake3.h HINTS "${header}/.." NO_CACHE REQUIRED)
set(BLAKE3_SOURCES blake3.c blake3_dispatch.c blake3_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  enable_language(ASM)
  foreach(set sse2 sse41 avx2 avx512)
    list(APPEND BLAKE3_SOURCES "blake3_${set}_x86-64_unix.S")
  endforeach()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND BLAKE3_SOURCES blake3_neon.c)
endif()
list(TRANSFORM BLAKE3_SOURCES PREPEND "${BLAKE3_DIR}/")

function(moult_use_blake3 target)
  target_sources(${target} PRIVATE ${BLAKE3_SOURCES})
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${BLAKE3_DIR}>")
  # Not ours to warn of; and as fast in a build for debugging, where it would be most of what a test does.
  set_source_files_properties(${BLAKE3_SOURCES} PROPERTIES COMPILE_OPTIONS "-w;-O2")
endfunction()
