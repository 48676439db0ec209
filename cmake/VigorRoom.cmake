# vigor_room(NAME [COMPUTES | ARRANGES] SOURCES... LIBS... [PRIVATE_LIBS...]): one room of the design as a static
# library. A room names everything that it includes; nothing includes what it does not link.
# COMPUTES: its loops are worth -O3, which costs the other rooms a third more building for nothing.
# ARRANGES: it only calls the rooms that work (a command, a server's frame): -O1 builds it a quarter faster.
#
# The release preset compiles several files of a room as one (CMake's unity build), so that what is
# local to a file needs a name of its own within the room; the develop preset does not.
if(CMAKE_CXX_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()
function(vigor_room name)
  cmake_parse_arguments(R "COMPUTES;ARRANGES" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${R_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${R_LIBS} PRIVATE ${R_PRIVATE_LIBS})
  if(R_COMPUTES)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O3>)
  elseif(R_ARRANGES)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if("vigor_torch" IN_LIST R_LIBS OR "vigor_torch" IN_LIST R_PRIVATE_LIBS)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_torch)
  elseif("CLI11::CLI11" IN_LIST R_LIBS)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_cli)
  elseif(TARGET vigor_headers_json)
    target_precompile_headers(${name} REUSE_FROM vigor_headers_json)
  endif()
endfunction()
