# Finds the cpp-httplib of a distribution. Newer releases have an httplibConfig.cmake, which is used
# first; older ones are a compiled library with a pkg-config file only.
find_package(httplib ${httplib_FIND_VERSION} CONFIG QUIET)
if(httplib_FOUND)
  return()
endif()

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(CPP_HTTPLIB QUIET IMPORTED_TARGET cpp-httplib)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(httplib
  REQUIRED_VARS CPP_HTTPLIB_LINK_LIBRARIES
  VERSION_VAR CPP_HTTPLIB_VERSION)

if(httplib_FOUND AND NOT TARGET httplib::httplib)
  add_library(httplib::httplib INTERFACE IMPORTED)
  set_target_properties(httplib::httplib PROPERTIES
    INTERFACE_LINK_LIBRARIES PkgConfig::CPP_HTTPLIB)
endif()
