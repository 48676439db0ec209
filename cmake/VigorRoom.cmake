# vigor_room(NAME SOURCES... LIBS... [PRIVATE_LIBS...]): one room of the design as a static library.
# A room names everything that it includes; nothing includes what it does not link.
function(vigor_room name)
  cmake_parse_arguments(R "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${R_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${R_LIBS} PRIVATE ${R_PRIVATE_LIBS})
  if("vigor_torch" IN_LIST R_LIBS OR "vigor_torch" IN_LIST R_PRIVATE_LIBS)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_torch)
  elseif("CLI11::CLI11" IN_LIST R_LIBS)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_cli)
  endif()
endfunction()
