# Each dependency is the system's package if it is installed, otherwise the pinned commit.
# FETCHCONTENT_SOURCE_DIR_<NAME> makes a build use a local checkout. SYSTEM stands first: CMake 3.25 fetches
# nothing if it follows GIT_TAG.
include(FetchContent)

# The library itself needs only threads.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(PROVISR_BUILD_DAEMON)
  FetchContent_Declare(fmt SYSTEM
    GIT_REPOSITORY https://github.com/fmtlib/fmt.git
    GIT_TAG 40626af88bd7df9a5fb80be7b25ac85b122d6c21 # 11.2.0
    FIND_PACKAGE_ARGS 9.1)
  FetchContent_Declare(RapidJSON SYSTEM
    GIT_REPOSITORY https://github.com/Tencent/rapidjson.git
    GIT_TAG 24b5e7a8b27f42fa16b96fc70aade9106cf7102f # 1.1.0 and the fixes since
    SOURCE_SUBDIR include # headers only: its own CMakeLists.txt is not run
    FIND_PACKAGE_ARGS 1.1)
  FetchContent_Declare(tomlplusplus SYSTEM
    GIT_REPOSITORY https://github.com/marzer/tomlplusplus.git
    GIT_TAG 30172438cee64926dc41fdd9c11fb3ba5b2ba9de # v3.4.0
    FIND_PACKAGE_ARGS 3.3)
  FetchContent_MakeAvailable(fmt RapidJSON tomlplusplus)

  # Header-only if provisrd is to be self-contained.
  add_library(provisr_fmt INTERFACE)
  add_library(provisr_toml INTERFACE)
  if(PROVISR_SELF_CONTAINED)
    target_link_libraries(provisr_fmt INTERFACE fmt::fmt-header-only)
    target_compile_definitions(provisr_toml INTERFACE TOML_HEADER_ONLY=1)
    target_include_directories(provisr_toml SYSTEM INTERFACE
      "$<TARGET_PROPERTY:tomlplusplus::tomlplusplus,INTERFACE_INCLUDE_DIRECTORIES>")
  else()
    target_link_libraries(provisr_fmt INTERFACE fmt::fmt)
    target_link_libraries(provisr_toml INTERFACE tomlplusplus::tomlplusplus)
  endif()

  # RapidJSON's package names its include directory in a variable and has no target.
  add_library(provisr_rapidjson INTERFACE)
  if(rapidjson_SOURCE_DIR)
    target_include_directories(provisr_rapidjson SYSTEM INTERFACE "${rapidjson_SOURCE_DIR}/include")
  else()
    target_include_directories(provisr_rapidjson SYSTEM INTERFACE ${RapidJSON_INCLUDE_DIRS} ${RAPIDJSON_INCLUDE_DIRS})
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,-]*undefined")
    # Relative to the folder in which Ninja compiles, so that compiler caches work across clones.
    file(RELATIVE_PATH ignored "${CMAKE_BINARY_DIR}" "${PROJECT_SOURCE_DIR}/tests/sanitizers_ignore.txt")
    target_compile_options(provisr_rapidjson INTERFACE "-fsanitize-ignorelist=${ignored}")
  endif()
endif()

# Header-only, without its optional libraries. cmake/fetch_sources.sh unpacks Debian's patched release.
# The benchmarks compare provisrd with it, too.
if(PROVISR_BUILD_DAEMON OR PROVISR_BUILD_BENCH)
  set(least_httplib 0.18.7)
  set(fetched_httplib "${PROJECT_SOURCE_DIR}/build/sources/cpp-httplib")
  if(NOT FETCHCONTENT_SOURCE_DIR_HTTPLIB AND EXISTS "${fetched_httplib}/.complete")
    file(STRINGS "${fetched_httplib}/httplib.h" version REGEX "^#define CPPHTTPLIB_VERSION ")
    string(REGEX REPLACE ".*\"(.*)\"" "\\1" version "${version}")
    if(version VERSION_GREATER_EQUAL least_httplib)
      set(FETCHCONTENT_SOURCE_DIR_HTTPLIB "${fetched_httplib}")
    endif()
  endif()
  FetchContent_Declare(httplib SYSTEM
    GIT_REPOSITORY https://github.com/yhirose/cpp-httplib.git
    GIT_TAG 89c932f313c6437c38f2982869beacc89c2f2246 # v0.26.0
    FIND_PACKAGE_ARGS ${least_httplib})
  set(HTTPLIB_INSTALL OFF)
  set(HTTPLIB_REQUIRE_OPENSSL OFF)
  set(HTTPLIB_USE_OPENSSL_IF_AVAILABLE OFF)
  set(HTTPLIB_USE_ZLIB_IF_AVAILABLE OFF)
  set(HTTPLIB_USE_BROTLI_IF_AVAILABLE OFF)
  set(HTTPLIB_USE_ZSTD_IF_AVAILABLE OFF)
  FetchContent_MakeAvailable(httplib)

  # The daemon and its tests need the same definitions, as the code is inline. The daemon itself limits
  # request lines to 8 KiB without CR LF; cpp-httplib's limit is higher, as it includes CR LF.
  add_library(provisr_httplib INTERFACE)
  target_link_libraries(provisr_httplib INTERFACE httplib::httplib)
  target_compile_definitions(provisr_httplib INTERFACE CPPHTTPLIB_REQUEST_URI_MAX_LENGTH=16384)
endif()

# Compression of HTTP answers. Cross builds and builds without zlib's headers do not compress, which
# every client accepts.
set(PROVISR_HAS_ZLIB OFF)
if(PROVISR_BUILD_DAEMON AND PROVISR_GZIP)
  set(ZLIB_USE_STATIC_LIBS ${PROVISR_SELF_CONTAINED})
  find_package(ZLIB 1.2.11)
  if(PROVISR_SELF_CONTAINED AND NOT ZLIB_FOUND)
    set(ZLIB_USE_STATIC_LIBS OFF)
    find_package(ZLIB 1.2.11)
  endif()
  set(PROVISR_HAS_ZLIB ${ZLIB_FOUND})
endif()

if(PROVISR_BUILD_TESTS)
  FetchContent_Declare(Catch2 SYSTEM
    GIT_REPOSITORY https://github.com/catchorg/Catch2.git
    GIT_TAG fa43b77429ba76c462b1898d6cd2f2d7a9416b14 # v3.7.1
    FIND_PACKAGE_ARGS 3.4)
  FetchContent_MakeAvailable(Catch2)
  if(catch2_SOURCE_DIR)
    list(APPEND CMAKE_MODULE_PATH "${catch2_SOURCE_DIR}/extras")
    # It has a hundred small sources: three quarters of their build time is for shared headers.
    set_target_properties(Catch2 PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 30)
  endif()
endif()

if(PROVISR_BUILD_BENCH)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  FetchContent_Declare(benchmark SYSTEM
    GIT_REPOSITORY https://github.com/google/benchmark.git
    GIT_TAG c58e6d0710581e3a08d65c349664128a8d9a2461 # v1.9.1
    FIND_PACKAGE_ARGS 1.7)
  FetchContent_MakeAvailable(benchmark)
endif()
