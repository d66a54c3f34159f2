#include "lib/platform/linux/proc_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

using namespace provisr::linux_platform;

TEST_CASE("the status of a descriptor is that of the C library") {
  for (const std::string path : {"/proc/self/task", "/proc/self/fd", "/proc/self/statm", "/"}) {
    CAPTURE(path);
    const FileDescriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    REQUIRE(file);
    struct stat status {};
    struct stat expected {};
    REQUIRE(read_status(file.get(), status));
    REQUIRE(::fstat(file.get(), &expected) == 0);
    CHECK(status.st_dev == expected.st_dev);
    CHECK(status.st_ino == expected.st_ino);
    CHECK(status.st_mode == expected.st_mode);
    CHECK(status.st_nlink == expected.st_nlink);
    CHECK(status.st_size == expected.st_size);
  }
}

TEST_CASE("the status of no descriptor is an error") {
  struct stat status {};
  CHECK_FALSE(read_status(-1, status));
  CHECK(errno == EBADF);
}
