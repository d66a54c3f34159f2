#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <sys/mman.h>

namespace provisr::posix_platform {

/// Returns new zeroed pages for MappedPages. Throws std::bad_alloc.
[[nodiscard]] inline std::span<std::byte> map_zeros(std::size_t size) {
  constexpr int protection = PROT_READ | PROT_WRITE;
  void* const memory = ::mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<std::byte*>(memory), size};
}

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
