#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

namespace provisr::daemon {

using posix_platform::FileDescriptor;

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

/// A pipe whose ends are closed by exec and never are descriptors 0 to 2, even if those are closed.
/// On failure both ends are empty and errno is set.
[[nodiscard]] Pipe make_pipe();

/// The same, with ends that can be both read and written.
[[nodiscard]] Pipe make_two_way_pipe();

}  // namespace provisr::daemon
