# Functions every module uses: canhgac_module(), canhgac_test(), canhgac_fuzz(), canhgac_bench().
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_program(CANHGAC_CCACHE ccache)
if(CANHGAC_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CANHGAC_CCACHE})
endif()

add_library(canhgac_options INTERFACE)
target_include_directories(canhgac_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(canhgac_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fno-omit-frame-pointer
    # False alarms of g++ 12 on Asio coroutines and on string concatenation at -O2 and above.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete -Wno-restrict -fpch-preprocess>)
target_link_libraries(canhgac_options INTERFACE Threads::Threads)
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Each unity source includes one-file classes of anonymous namespaces; g++ takes it for a header.
    target_compile_options(canhgac_options INTERFACE -Wno-subobject-linkage)
endif()
if(CANHGAC_SANITIZE)
    target_compile_options(canhgac_options INTERFACE -fsanitize=${CANHGAC_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(canhgac_options INTERFACE -fsanitize=${CANHGAC_SANITIZE})
    if(CANHGAC_SANITIZE MATCHES "thread")
        target_compile_options(canhgac_options INTERFACE -Wno-tsan)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        target_compile_options(canhgac_options INTERFACE -fno-sanitize=function)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Sanitizer instrumentation confuses the flow analysis of g++ 12 inside the standard library.
        target_compile_options(canhgac_options INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow)
    endif()
endif()

# What only the tests' own code is built with: most of a test runs once, so that optimizing it costs more than it saves.
add_library(canhgac_test_options INTERFACE)
target_link_libraries(canhgac_test_options INTERFACE canhgac_options)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(canhgac_test_options INTERFACE -O0)
endif()

# Headers parsed once: the standard library for every module; GoogleTest besides for the tests.
file(WRITE "${CMAKE_BINARY_DIR}/canhgac_pch.cpp.in" "// Only here to own the precompiled header.\n")
configure_file("${CMAKE_BINARY_DIR}/canhgac_pch.cpp.in" "${CMAKE_BINARY_DIR}/canhgac_pch.cpp" COPYONLY)
set(canhgac_standard_headers
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <deque> <filesystem> <functional> <map> <memory>
    <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <unordered_set> <utility>
    <variant> <vector> <condition_variable> <tl/expected.hpp>)
add_library(canhgac_pch STATIC "${CMAKE_BINARY_DIR}/canhgac_pch.cpp")
target_link_libraries(canhgac_pch PRIVATE canhgac_options)
target_precompile_headers(canhgac_pch PRIVATE ${canhgac_standard_headers})
if(CANHGAC_TESTS)
    find_package(GTest REQUIRED)
    add_library(canhgac_test_pch STATIC "${CMAKE_BINARY_DIR}/canhgac_pch.cpp")
    target_link_libraries(canhgac_test_pch PRIVATE canhgac_test_options GTest::gmock GTest::gtest)
    target_precompile_headers(canhgac_test_pch PRIVATE ${canhgac_standard_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# canhgac_module(NAME SOURCES ... HEADERS ... DEPENDS ... [PRIVATE_DEPENDS ...])
# A static library canhgac_NAME with alias canhgac::NAME, our warnings, and a header set that must compile alone.
function(canhgac_module name)
    cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
    set(target canhgac_${name})
    add_library(${target} STATIC ${arg_SOURCES})
    add_library(canhgac::${name} ALIAS ${target})
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}" FILES ${arg_HEADERS})
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    target_link_libraries(${target} PUBLIC canhgac_options ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
    target_precompile_headers(${target} REUSE_FROM canhgac_pch)
endfunction()

# canhgac_test(MODULE [COST N] SOURCES ... [DEPENDS ...]): one GoogleTest program test_MODULE for a module; those with a
# higher cost start first.
function(canhgac_test module)
    cmake_parse_arguments(arg "" "COST" "SOURCES;DEPENDS" ${ARGN})
    if(NOT arg_COST)
        set(arg_COST 0)
    endif()
    set(target test_${module})
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE canhgac_test_options ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
    target_precompile_headers(${target} REUSE_FROM canhgac_test_pch)
    target_compile_definitions(${target} PRIVATE CANHGAC_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${module} COMMAND ${target})
    set_tests_properties(${module} PROPERTIES LABELS "unit;${module}" TIMEOUT 900 COST "${arg_COST}")
endfunction()

# canhgac_fuzz(NAME SOURCES ... DEPENDS ...): a libFuzzer target; its seeds are in tests/fuzz/corpus/NAME.
function(canhgac_fuzz name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    add_executable(fuzz_${name} ${arg_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE canhgac_options ${arg_DEPENDS})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()

# canhgac_bench(NAME SOURCES ... DEPENDS ...): a Google Benchmark program.
function(canhgac_bench name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    find_package(benchmark REQUIRED)
    add_executable(bench_${name} ${arg_SOURCES})
    target_link_libraries(bench_${name} PRIVATE canhgac_options ${arg_DEPENDS} benchmark::benchmark_main)
endfunction()
