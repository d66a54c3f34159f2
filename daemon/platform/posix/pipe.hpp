#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

namespace provisr::daemon {

using posix_platform::FileDescriptor;

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

/// A pipe whose ends are closed by exec and are none of the standard descriptors, even where
/// those are closed. Both ends are empty, and errno is set, where there is none to have.
[[nodiscard]] Pipe make_pipe();

}  // namespace provisr::daemon
