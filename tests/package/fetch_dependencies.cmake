# Fetches each dependency as cmake/dependencies.cmake declares it, from a repository of this machine.
# Variables: SOURCE_DIR, WORK_DIR, GENERATOR.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

find_program(git git)
if(NOT git)
  message("skipped: no git here")
  return()
endif()

# The pinned commit is not the newest.
file(REMOVE_RECURSE "${WORK_DIR}")
set(origin "${WORK_DIR}/origin")
file(WRITE "${origin}/CMakeLists.txt" "")
set(git_here "${git}" -C "${origin}" -c user.name=test -c user.email=test@localhost)
run(${git_here} init --quiet)
run(${git_here} add .)
run(${git_here} commit --quiet -m pinned)
execute_process(COMMAND ${git_here} rev-parse HEAD COMMAND_ERROR_IS_FATAL ANY
  OUTPUT_VARIABLE pinned OUTPUT_STRIP_TRAILING_WHITESPACE)
file(WRITE "${origin}/CMakeLists.txt" "message(FATAL_ERROR \"not the pinned commit\")")
run(${git_here} commit --quiet -a -m newer)

file(READ "${SOURCE_DIR}/cmake/dependencies.cmake" text)
string(REGEX MATCHALL "FetchContent_Declare\\([^)]*\\)" declarations "${text}")
string(REGEX REPLACE "(GIT_REPOSITORY) [^ \n]+" "\\1 \"file://${origin}\"" declarations "${declarations}")
string(REGEX REPLACE "(GIT_TAG) [0-9a-f]+" "\\1 ${pinned}" declarations "${declarations}")
set(project "cmake_minimum_required(VERSION 3.25)\nproject(fetch LANGUAGES NONE)\ninclude(FetchContent)\n")
set(names "")
foreach(declaration IN LISTS declarations)
  string(REGEX MATCH "\\(([A-Za-z0-9]+)" start "${declaration}")
  list(APPEND names ${CMAKE_MATCH_1})
  string(APPEND project "${declaration}\n")
endforeach()
if(NOT "RapidJSON" IN_LIST names)
  message(FATAL_ERROR "cmake/dependencies.cmake declares ${names}")
endif()
list(JOIN names " " names)
file(WRITE "${WORK_DIR}/project/CMakeLists.txt" "${project}FetchContent_MakeAvailable(${names})\n")
run("${CMAKE_COMMAND}" -S "${WORK_DIR}/project" -B "${WORK_DIR}/build" -G "${GENERATOR}"
  -DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER)
