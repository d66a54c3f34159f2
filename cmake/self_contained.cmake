# PROVISR_SELF_CONTAINED: provisrd holds what it uses of the C++ libraries, optimised for size, and shares
# none but libc. A shared library costs a process the pages around whatever it touches there; they were
# half of an idle daemon. Off where libraries are to be shared, as in a distribution, and in developer mode.
include(CheckCXXSourceCompiles)
include(CheckCXXSourceRuns)
include(CheckLinkerFlag)

set(provisr_self_contained_default OFF)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT CMAKE_CROSSCOMPILING AND NOT PROVISR_DEVELOPER_MODE
    AND NOT "${CMAKE_CXX_FLAGS} ${CMAKE_EXE_LINKER_FLAGS}" MATCHES "-fsanitize=|-stdlib=|-static")
  check_linker_flag(CXX "-static-libstdc++;-static-libgcc;-Wl,--gc-sections" PROVISR_HAS_STATIC_LIBSTDCXX)
  set(provisr_self_contained_default ${PROVISR_HAS_STATIC_LIBSTDCXX})
endif()
option(PROVISR_SELF_CONTAINED "provisrd holds its C++ libraries instead of sharing the system's"
  ${provisr_self_contained_default})
if(NOT PROVISR_SELF_CONTAINED)
  return()
endif()

# The default libraries, libstdc++ as an archive, without libm unless our own code needs it.
set(provisr_wraps -Wl,--wrap=ceil,--wrap=floor,--wrap=round)
set(provisr_libraries "-Wl,--as-needed,-lm,-Bstatic,-lstdc++,-Bdynamic"
  "-Wl,--start-group,-lgcc,-lgcc_eh,-lc,--end-group")
set(CMAKE_REQUIRED_LINK_OPTIONS -nodefaultlibs -Wl,--gc-sections ${provisr_wraps})
set(CMAKE_REQUIRED_LIBRARIES ${provisr_libraries})
check_cxx_source_compiles([[
  #include <charconv>
  #include <filesystem>
  #include <fstream>
  #include <random>
  #include <regex>
  #include <sstream>
  #include <thread>
  #include <unordered_map>
  extern "C" {
  double __wrap_ceil(double value) noexcept { return value; }
  double __wrap_floor(double value) noexcept { return value; }
  double __wrap_round(double value) noexcept { return value; }
  }
  int main(int count, char** words) {
    std::thread([] {}).join();
    std::minstd_rand random{std::random_device()()};
    double value = std::uniform_real_distribution<double>()(random);
    char text[64];
    std::from_chars(text, std::to_chars(text, text + sizeof text, value).ptr, value);
    std::ostringstream out;
    out << value << std::ifstream(std::filesystem::path(words[0])).rdbuf();
    std::unordered_map<int, int> map{{count, count}};
    return std::regex_match(out.str(), std::regex("a*")) ? map[1] : 0;
  }]] PROVISR_NEEDS_NO_LIBM)
unset(CMAKE_REQUIRED_LIBRARIES)

# Smaller relocations, if the C library of this machine takes them: glibc does since 2.36.
set(CMAKE_REQUIRED_FLAGS -fPIE)
set(CMAKE_REQUIRED_LINK_OPTIONS -pie -Wl,-z,pack-relative-relocs)
check_cxx_source_runs("int value; int* const volatile known = &value; int main() { return *known; }"
  PROVISR_HAS_PACKED_RELOCATIONS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
unset(CMAKE_REQUIRED_FLAGS)

# For the archive `core` and the program of this folder that is made of it; `small_sources` are what need not
# be fast.
function(provisr_make_self_contained core program small_sources)
  target_compile_options(${core} PRIVATE -ffunction-sections -fdata-sections)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${core} PRIVATE -O2)
    set_property(SOURCE ${small_sources} APPEND PROPERTY COMPILE_OPTIONS -Os)
  endif()
  # Bound at the start: if it were lazily, each child would look up anew what it calls before exec. Aligned to
  # what Linux loads around the first touch of a page: 64 KiB.
  target_link_options(${program} PRIVATE -Wl,--gc-sections -Wl,--as-needed -Wl,-z,now
    -Wl,-z,max-page-size=65536
    $<$<BOOL:${PROVISR_HAS_PACKED_RELOCATIONS}>:-Wl,-z,pack-relative-relocs>)
  # Whole, so that its objects stand in their order; what is not used is dropped nevertheless.
  target_link_libraries(${program} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${core}>")
  if(PROVISR_NEEDS_NO_LIBM)
    target_sources(${program} PRIVATE "${PROJECT_SOURCE_DIR}/daemon/base/rounding/wrapped.cpp")
    target_link_options(${program} PRIVATE -nodefaultlibs ${provisr_wraps})
    list(JOIN provisr_libraries " " libraries)
    set(CMAKE_CXX_STANDARD_LIBRARIES "${libraries}" PARENT_SCOPE) # after all others
  else()
    target_link_options(${program} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
