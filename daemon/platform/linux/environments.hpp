#pragma once

#include "daemon/platform/patient_caller.hpp"

#include <string>
#include <sys/types.h>

namespace provisr::daemon {

/// Reads the environment of a process: entries that end with a null character. It is empty if the
/// process is ending, has ended or may not be read. Such a read blocks if the process is stuck in
/// the kernel or if its memory is backed by a file system that it serves itself.
using Environments = PatientCaller<pid_t, std::string>;

/// Returns the reader for this machine, which lives as long as the program. It belongs to the
/// thread that starts the children.
[[nodiscard]] Environments& environments();

}  // namespace provisr::daemon
