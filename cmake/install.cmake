# The install rules: the library, for CMake and pkg-config, and provisrd.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/provisr")

# The exported targets name the folder of the headers after their own prefix, even if it is absolute.
set(headers_dir "${CMAKE_INSTALL_INCLUDEDIR}")
if(IS_ABSOLUTE "${headers_dir}")
  file(RELATIVE_PATH headers_dir "${CMAKE_INSTALL_PREFIX}" "${headers_dir}")
endif()
install(TARGETS provisr EXPORT provisrTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${headers_dir}")
install(EXPORT provisrTargets NAMESPACE provisr:: DESTINATION "${package_dir}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/provisrConfig.cmake.in" "${PROJECT_BINARY_DIR}/provisrConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
# Until 1.0, when it becomes SameMajorVersion: a minor version may change the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/provisrConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/provisrConfig.cmake"
  "${PROJECT_BINARY_DIR}/provisrConfigVersion.cmake"
  DESTINATION "${package_dir}")

# Paths are relative to the .pc file, so that an installed tree can be moved. cmake_path keeps absolute
# directories unchanged.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${pc_dir}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH pc_up "/prefix/${pc_dir}" "/prefix")
  string(REGEX REPLACE "/$" "" pc_up "${pc_up}")
  set(pc_prefix "\${pcfiledir}/${pc_up}")
endif()
set(pc_libdir "\${prefix}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_libdir "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/provisr.pc.in" "${PROJECT_BINARY_DIR}/provisr.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/provisr.pc" DESTINATION "${pc_dir}")

if(TARGET provisrd)
  install(TARGETS provisrd RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(TARGET provisrd AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  # Configured at installation, when the prefix is known. Below /usr and /usr/local, systemd looks for
  # units in lib, even if libraries are elsewhere.
  install(CODE "
    set(bindir [[${CMAKE_INSTALL_BINDIR}]])
    cmake_path(ABSOLUTE_PATH bindir BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
    configure_file([[${PROJECT_SOURCE_DIR}/packaging/provisrd.service.in]]
      [[${PROJECT_BINARY_DIR}/provisrd.service]] @ONLY)")
  install(FILES "${PROJECT_BINARY_DIR}/provisrd.service" DESTINATION lib/systemd/system)
endif()
install(FILES
  "${PROJECT_SOURCE_DIR}/LICENSE"
  "${PROJECT_SOURCE_DIR}/config/process_metrics_demo.toml"
  "${PROJECT_SOURCE_DIR}/docs/history-format.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
