# PROVISR_SELF_CONTAINED links the used parts of the C++ libraries into provisrd, which then shares only
# libc, and optimizes for size. A process pays for all pages around what it touches in a shared library:
# they were half of the memory of an idle daemon. Turn it off to use shared libraries, as a distribution
# does. It is off in developer mode.
include(CheckCXXSourceRuns)
include(CheckLinkerFlag)

# libm comes before libstdc++, so that it is not linked for libstdc++: the parts that need it are
# dropped or get their functions from daemon/base/rounding.
set(provisr_self_contained_options -nodefaultlibs -Wl,--gc-sections -Wl,--as-needed)
set(provisr_self_contained_libraries
  "-lm -Wl,-Bstatic -lstdc++ -Wl,-Bdynamic -Wl,--start-group -lgcc -lgcc_eh -lc -Wl,--end-group")
set(provisr_self_contained_default OFF)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT CMAKE_CROSSCOMPILING AND NOT PROVISR_DEVELOPER_MODE
    AND NOT "${CMAKE_CXX_FLAGS} ${CMAKE_EXE_LINKER_FLAGS}" MATCHES "-fsanitize=|-stdlib=|-static")
  check_linker_flag(CXX "-static-libstdc++;-static-libgcc;-Wl,--gc-sections"
    PROVISR_HAS_STATIC_LIBSTDCXX)
  set(provisr_self_contained_default ${PROVISR_HAS_STATIC_LIBSTDCXX})
endif()
option(PROVISR_SELF_CONTAINED "provisrd holds its C++ libraries instead of sharing the system's"
  ${provisr_self_contained_default})
if(NOT PROVISR_SELF_CONTAINED)
  return()
endif()

# Smaller relocations, if the C library of this machine supports them: glibc since 2.36.
set(CMAKE_REQUIRED_FLAGS -fPIE)
set(CMAKE_REQUIRED_LINK_OPTIONS -pie -Wl,-z,pack-relative-relocs)
check_cxx_source_runs("int value; int* const volatile known = &value; int main() { return *known; }"
  PROVISR_HAS_PACKED_RELOCATIONS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
unset(CMAKE_REQUIRED_FLAGS)

# Makes `program`, which consists of the static library `core`, self-contained. `small_sources` do not
# need to be fast.
function(provisr_make_self_contained core program small_sources)
  target_compile_options(${core} PRIVATE -ffunction-sections -fdata-sections)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${core} PRIVATE -O2)
    set_property(SOURCE ${small_sources} APPEND PROPERTY COMPILE_OPTIONS -Os)
  endif()
  target_sources(${program} PRIVATE base/rounding/instead_of_libm.cpp)
  # -z now: with lazy binding, each child would look up again the functions that it calls before exec.
  # 64 KiB is what Linux maps around the first access to a page.
  target_link_options(${program} PRIVATE ${provisr_self_contained_options} -Wl,-z,now
    -Wl,-z,max-page-size=65536
    $<$<BOOL:${PROVISR_HAS_PACKED_RELOCATIONS}>:-Wl,-z,pack-relative-relocs>)
  set(CMAKE_CXX_STANDARD_LIBRARIES "${provisr_self_contained_libraries}" PARENT_SCOPE) # last on the command line
endfunction()
