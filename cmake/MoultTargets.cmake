# Interface targets for flags, and the two functions by which every folder declares itself.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_program(MOULT_CCACHE ccache)
if(MOULT_CCACHE)
  # Paths relative to the sources, so that every clone shares what one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${MOULT_CCACHE}")
endif()

add_library(moult_flags INTERFACE)
target_compile_features(moult_flags INTERFACE cxx_std_20)
target_include_directories(moult_flags INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
target_link_libraries(moult_flags INTERFACE Threads::Threads)

add_library(moult_warnings INTERFACE)
target_compile_options(moult_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wno-missing-field-initializers>"
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${MOULT_WERROR}>>:-Werror>)

add_library(moult_sanitizers INTERFACE)
if(MOULT_SANITIZE)
  target_compile_options(moult_sanitizers INTERFACE -fsanitize=${MOULT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(moult_sanitizers INTERFACE -fsanitize=${MOULT_SANITIZE})
endif()
if(MOULT_COVERAGE)
  target_compile_options(moult_sanitizers INTERFACE --coverage)
  target_link_options(moult_sanitizers INTERFACE --coverage)
endif()

# moult_library(NAME SOURCES... ): a static library moult_NAME with the alias moult::NAME.
function(moult_library name)
  add_library(moult_${name} STATIC ${ARGN})
  add_library(moult::${name} ALIAS moult_${name})
  set_target_properties(moult_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(moult_${name} PUBLIC moult_flags PRIVATE $<BUILD_INTERFACE:moult_warnings> PUBLIC $<BUILD_INTERFACE:moult_sanitizers>)
  set_property(GLOBAL APPEND PROPERTY MOULT_LIBRARIES moult_${name})
endfunction()

# Until a test counts as hanging. A sanitizer makes a program several times as slow, and other people's libraries are not instrumented.
set(MOULT_TEST_TIMEOUT 300)
set(MOULT_TEST_ENVIRONMENT)
if(MOULT_SANITIZE)
  set(MOULT_TEST_TIMEOUT 1200)
  set(MOULT_TEST_ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp"
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
endif()

# moult_test(NAME LIBS lib... SOURCES file... [ARGS arg...] [LABELS label...]): one Catch2 program, one ctest entry. One that is
# labelled `lab` runs on real machines, in a lab of its own.
function(moult_test name)
  cmake_parse_arguments(arg "" "" "LIBS;SOURCES;ARGS;LABELS" ${ARGN})
  set(lab)
  if("lab" IN_LIST arg_LABELS)
    set(lab "${PROJECT_SOURCE_DIR}/tests/lab/run")
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE moult_catch_main moult_flags moult_sanitizers $<BUILD_INTERFACE:moult_warnings> ${arg_LIBS})
  add_test(NAME ${name} COMMAND ${lab} $<TARGET_FILE:test_${name}> ${arg_ARGS} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${MOULT_TEST_TIMEOUT}
    ENVIRONMENT "${MOULT_TEST_ENVIRONMENT}")
endfunction()
