# LibTorch as one interface target, vigor_torch, the same for Debian's 1.13 and the 2.x CUDA builds.
# TORCH_CXX_FLAGS carries the ABI switch of the official archives.
find_package(Torch REQUIRED)
add_library(vigor_torch INTERFACE)
target_link_libraries(vigor_torch INTERFACE ${TORCH_LIBRARIES})
# System headers: LibTorch's own warnings are not ours.
target_include_directories(vigor_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(VIGOR_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(vigor_torch INTERFACE ${VIGOR_TORCH_FLAGS})
