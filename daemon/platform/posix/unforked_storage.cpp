#include "daemon/platform/unforked_storage.hpp"

#include "daemon/platform/posix/mapped_pages.hpp"
#include "daemon/platform/posix/unforked_pages.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// Zeroed pages that no fork copies. Throws std::bad_alloc.
class UnforkedPages : public posix_platform::MappedPages {
 public:
  explicit UnforkedPages(std::size_t size) : MappedPages(posix_platform::map_zeros(size)) {
    posix_platform::leave_out_of_forks(bytes());
  }
};

/// Allocates small pieces of shared chunks. A history of common length would leave half of a page
/// of its own empty.
class Pool {
 public:
  static constexpr std::size_t chunk_size = std::size_t{1} << 20U;
  static constexpr std::size_t largest_piece = chunk_size / 4;

  /// Returns zeroed bytes. Throws std::bad_alloc.
  [[nodiscard]] std::span<std::byte> take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    std::vector<std::byte*>& free = free_[size];
    free.reserve(++pieces_);  // so that giving one back cannot fail
    if (!free.empty()) {
      std::byte* const piece = free.back();
      free.pop_back();
      return {piece, size};
    }
    if (rest_.size() < size) {
      chunks_.push_back(std::make_unique<UnforkedPages>(chunk_size));
      rest_ = chunks_.back()->bytes();
    }
    const std::span<std::byte> piece = rest_.first(size);
    rest_ = rest_.subspan(size);
    return piece;
  }

  void give_back(std::span<std::byte> piece) noexcept {
    std::ranges::fill(piece, std::byte{0});
    const std::lock_guard lock(mutex_);
    --pieces_;
    free_[piece.size()].push_back(piece.data());
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<UnforkedPages>> chunks_;
  std::span<std::byte> rest_;  ///< unused end of the latest chunk
  std::map<std::size_t, std::vector<std::byte*>> free_;
  std::size_t pieces_ = 0;  ///< in use
};

/// A piece in use; returns it to the pool.
class Piece {
 public:
  Piece(std::shared_ptr<Pool> pool, std::size_t size)
      : pool_(std::move(pool)), bytes_(pool_->take(size)) {}
  ~Piece() { pool_->give_back(bytes_); }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::shared_ptr<Pool> pool_;
  std::span<std::byte> bytes_;
};

template <class Memory>
[[nodiscard]] HistoryStorage storage_in(std::shared_ptr<Memory> memory) {
  const std::span<std::byte> bytes = memory->bytes();
  return {bytes, std::move(memory)};
}

}  // namespace

StorageProvider unforked_storage() {
  return [pool = std::make_shared<Pool>()](const HistoryShape& shape) {
    const std::size_t size = history_size(shape);
    if (size > Pool::largest_piece) return storage_in(std::make_shared<UnforkedPages>(size));
    return storage_in(std::make_shared<Piece>(pool, size));
  };
}

}  // namespace provisr::daemon
