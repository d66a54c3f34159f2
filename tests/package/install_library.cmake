# Configures, builds and installs only the library, to PREFIX, with the options of the README.
# Variables: SOURCE_DIR, BINARY_DIR, PREFIX, GENERATOR, COMPILER.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(STRINGS "${SOURCE_DIR}/README.md" command REGEX "^cmake -S \\. -B build/library ")
string(REGEX REPLACE "^cmake -S \\. -B build/library " "" options "${command}")
separate_arguments(options UNIX_COMMAND "${options}")
if(NOT options)
  message(FATAL_ERROR "README.md has no command that configures the library alone")
endif()

file(REMOVE_RECURSE "${BINARY_DIR}" "${PREFIX}" "${PREFIX}.first")
run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}" -B "${BINARY_DIR}" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_INSTALL_LIBDIR=lib ${options})
run("${CMAKE_COMMAND}" --build "${BINARY_DIR}")

# The library needs no third-party package. CMake must not even have looked for one.
set(third_party "fmt|httplib|RapidJSON|tomlplusplus|Catch2|benchmark")
file(STRINGS "${BINARY_DIR}/CMakeCache.txt" found REGEX "^(${third_party})_(DIR|SOURCE_DIR)")
if(found OR EXISTS "${BINARY_DIR}/_deps")
  message(FATAL_ERROR "The library alone asks for third-party packages: ${found}")
endif()

# The tree is moved after the installation, so that the tests fail if it contains its own path.
run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${PREFIX}.first")
file(RENAME "${PREFIX}.first" "${PREFIX}")
