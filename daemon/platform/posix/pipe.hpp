#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

namespace provisr::daemon {

using posix_platform::FileDescriptor;

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

/// Makes a pipe whose ends are close-on-exec and never descriptors 0 to 2, even if those are
/// closed. On failure, both ends are empty and errno is set.
[[nodiscard]] Pipe make_pipe();

/// The same, but both ends can be read and written.
[[nodiscard]] Pipe make_two_way_pipe();

}  // namespace provisr::daemon
