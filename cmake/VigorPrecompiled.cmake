# Precompiled headers: LibTorch's take 8 s a file, CLI11's 4 s, nlohmann/json's 3 s, and nearly every
# file includes one of them. One target compiles each set, the rooms and tests reuse it.
#
# With ccache, its sloppiness about defines and time macros is what lets it see through them.
function(vigor_precompiled name)
  cmake_parse_arguments(P "" "" "HEADERS;LIBS" ${ARGN})
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(${name} PRIVATE ${P_LIBS})
  target_precompile_headers(${name} PRIVATE ${P_HEADERS})
endfunction()

# Tests are compiled faster than they would run.
set(VIGOR_TEST_OPTIONS $<$<CONFIG:Release>:-O0>)

vigor_precompiled(vigor_headers_torch
  HEADERS <ATen/ATen.h> <nlohmann/json.hpp>
  LIBS vigor_torch nlohmann_json::nlohmann_json)
if(NOT VIGOR_MODEL_ONLY)
  vigor_precompiled(vigor_headers_json
    HEADERS <nlohmann/json.hpp> <algorithm> <filesystem> <functional> <map> <optional> <sstream>
    LIBS nlohmann_json::nlohmann_json)
  vigor_precompiled(vigor_headers_cli
    HEADERS <CLI/CLI.hpp> <nlohmann/json.hpp>
    LIBS CLI11::CLI11 nlohmann_json::nlohmann_json)
endif()
if(VIGOR_TESTS)
  vigor_precompiled(vigor_headers_test
    HEADERS <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>
    LIBS GTest::gmock GTest::gtest nlohmann_json::nlohmann_json)
  vigor_precompiled(vigor_headers_torch_test
    HEADERS <ATen/ATen.h> <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>
    LIBS vigor_torch GTest::gmock GTest::gtest nlohmann_json::nlohmann_json)
  target_compile_options(vigor_headers_test PRIVATE ${VIGOR_TEST_OPTIONS})
  target_compile_options(vigor_headers_torch_test PRIVATE ${VIGOR_TEST_OPTIONS})
endif()
