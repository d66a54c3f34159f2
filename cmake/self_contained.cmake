# PROVISR_SELF_CONTAINED: provisrd holds what it uses of the C++ libraries, optimised for size, and
# shares none but libc. A shared library costs a process the pages around whatever it touches there;
# they were half of an idle daemon. Off if libraries are to be shared, as in a distribution, and in
# developer mode.
include(CheckCXXSourceRuns)
include(CheckLinkerFlag)

# libm stands before libstdc++: that needs it only for what is dropped, and for what
# daemon/base/rounding has.
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

# Smaller relocations, if the C library of this machine takes them: glibc does since 2.36.
set(CMAKE_REQUIRED_FLAGS -fPIE)
set(CMAKE_REQUIRED_LINK_OPTIONS -pie -Wl,-z,pack-relative-relocs)
check_cxx_source_runs("int value; int* const volatile known = &value; int main() { return *known; }"
  PROVISR_HAS_PACKED_RELOCATIONS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
unset(CMAKE_REQUIRED_FLAGS)

# For the archive `core` and the program of this folder that is made of it; `small_sources` are what
# need not be fast.
function(provisr_make_self_contained core program small_sources)
  target_compile_options(${core} PRIVATE -ffunction-sections -fdata-sections)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${core} PRIVATE -O2)
    set_property(SOURCE ${small_sources} APPEND PROPERTY COMPILE_OPTIONS -Os)
  endif()
  target_sources(${program} PRIVATE base/rounding/instead_of_libm.cpp)
  # Bound at the start: if it were lazily, each child would look up anew what it calls before exec.
  # Aligned to what Linux loads around the first touch of a page: 64 KiB.
  target_link_options(${program} PRIVATE ${provisr_self_contained_options} -Wl,-z,now
    -Wl,-z,max-page-size=65536
    $<$<BOOL:${PROVISR_HAS_PACKED_RELOCATIONS}>:-Wl,-z,pack-relative-relocs>)
  set(CMAKE_CXX_STANDARD_LIBRARIES "${provisr_self_contained_libraries}" PARENT_SCOPE) # after all
endfunction()
