# Installation: libraries, headers, the program, and an exported package that a consumer finds.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY MOULT_LIBRARIES)
install(TARGETS ${libraries} moult_flags EXPORT moult-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY descriptors drivers migration orchestrator DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/moult"
  FILES_MATCHING PATTERN "*.hpp")
target_include_directories(moult_flags INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/moult>")
install(EXPORT moult-targets NAMESPACE moult:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/moult")
configure_package_config_file(cmake/moult-config.cmake.in "${PROJECT_BINARY_DIR}/moult-config.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/moult")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/moult-config-version.cmake" COMPATIBILITY SameMinorVersion)
configure_file(packaging/moult-resume.service.in moult-resume.service @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/moult-resume.service" DESTINATION lib/systemd/system)
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${PROJECT_BINARY_DIR}/moult-config.cmake" "${PROJECT_BINARY_DIR}/moult-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/moult")
