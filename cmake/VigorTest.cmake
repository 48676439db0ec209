# vigor_test(NAME SOURCES... LIBS...): one GoogleTest program a room.
#
# Suites are labelled by the first word of their name, so that `ctest -L reference` works
# without a list: Reference* -> reference, Fault* -> faults, EndToEnd* -> e2e,
# Browser* -> browser, else unit. Tests whose files include LibTorch name vigor_torch in LIBS.
include(GoogleTest)

function(vigor_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LIBS} vigor_testing GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${VIGOR_TEST_OPTIONS})
  if("vigor_torch" IN_LIST T_LIBS)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_torch_test)
  else()
    target_precompile_headers(${name} REUSE_FROM vigor_headers_test)
  endif()
  set(common DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120)
  set(timeout TIMEOUT 120)
  gtest_discover_tests(${name} ${common} TEST_FILTER "Reference*" PROPERTIES LABELS reference ${timeout})
  gtest_discover_tests(${name} ${common} TEST_FILTER "Fault*" PROPERTIES LABELS faults ${timeout})
  gtest_discover_tests(${name} ${common} TEST_FILTER "EndToEnd*" PROPERTIES LABELS e2e ${timeout})
  gtest_discover_tests(${name} ${common} TEST_FILTER "Browser*" PROPERTIES LABELS browser ${timeout})
  gtest_discover_tests(${name} ${common} TEST_FILTER "-Reference*:Fault*:EndToEnd*:Browser*" PROPERTIES LABELS unit ${timeout})
endfunction()
