#pragma once

#include <cstddef>
#include <span>
#include <sys/mman.h>

namespace provisr::posix_platform {

/// Owns pages returned by mmap(2).
class MappedPages {
 public:
  explicit MappedPages(std::span<std::byte> pages) noexcept : bytes_(pages) {}
  ~MappedPages() { ::munmap(bytes_.data(), bytes_.size()); }
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace provisr::posix_platform
