#include "daemon/platform/linux/file_text.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace provisr::daemon {

std::string text_of(const std::filesystem::path& file_name) {
  constexpr std::size_t step = 4096;
  const posix_platform::FileDescriptor file(::open(file_name.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  ssize_t length = file ? 1 : 0;
  while (length > 0) {
    const std::size_t size = text.size();
    text.resize(size + step);
    length = ::read(file.get(), text.data() + size, step);
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  }
  return text;
}

}  // namespace provisr::daemon
