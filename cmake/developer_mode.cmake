# Compiler options of provisr's own targets. They do not affect consumers: the options are private to
# the target, and warnings are enabled in developer mode only.

function(provisr_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(NOT PROVISR_DEVELOPER_MODE)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wnull-dereference
    -Wdouble-promotion -Wformat=2 -Wimplicit-fallthrough)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict) # false positives for `"a" + text`: PR105651
  endif()
  if(CMAKE_UNITY_BUILD)
    # A unity build merges the anonymous namespaces of several sources. GCC still reports shadowed
    # locals.
    target_compile_options(${target} PRIVATE -Wno-shadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wshadow=local -Wno-subobject-linkage)
    endif()
  endif()
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# For sources that include httplib.h. With -fsanitize=address, GCC 12 wrongly reports its std::regex for
# routes, which provisr does not use, as uninitialized.
function(provisr_allow_regex_warning)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -Wno-maybe-uninitialized)
  endif()
endfunction()
