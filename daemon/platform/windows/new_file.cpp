#include "daemon/platform/new_file.hpp"

#include <io.h>
#include <share.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace provisr::daemon {

// The C library of older Windows does not support "x" in the mode of fopen.
std::FILE* create_new_file(const std::filesystem::path& file) noexcept {
  int descriptor = -1;
  errno = _wsopen_s(&descriptor, file.c_str(), _O_CREAT | _O_EXCL | _O_WRONLY | _O_BINARY,
                    _SH_DENYNO, _S_IREAD | _S_IWRITE);
  if (descriptor < 0) return nullptr;
  std::FILE* const opened = _fdopen(descriptor, "wb");
  if (opened == nullptr) _close(descriptor);
  return opened;
}

}  // namespace provisr::daemon
