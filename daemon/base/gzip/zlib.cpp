#include "daemon/base/gzip.hpp"

#include <zlib.h>

#include <array>
#include <limits>
#include <new>

namespace provisr::daemon {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // the largest window; + 16 selects the gzip header
constexpr int memory_level = 8;            // zlib's default

/// Compresses all of `text` at once, into a buffer that is large enough for any output.
[[nodiscard]] bool deflate_whole(z_stream& stream, std::string_view text, std::string& packed) {
  const uLong bound = deflateBound(&stream, static_cast<uLong>(text.size()));
  if (bound > std::numeric_limits<uInt>::max()) return false;
  packed.resize(bound);
  // zlib's interface lacks const; zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(bound);
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return false;
  packed.resize(stream.total_out);
  return true;
}

}  // namespace

bool can_gzip() {
  return true;
}

std::optional<std::string> gzip(std::string_view text) {
  z_stream stream{};
  if (text.size() > std::numeric_limits<uInt>::max() / 2) return std::nullopt;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string packed;
  const bool is_done = deflate_whole(stream, text, packed);
  deflateEnd(&stream);
  if (!is_done) return std::nullopt;
  packed.shrink_to_fit();
  return packed;
}

struct GzipStream::Deflation {
  Deflation() {
    constexpr int small_window_bits = 12 + 16;  // 4 KiB are enough: nearby samples are much alike
    constexpr int small_memory_level = 4;
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, small_window_bits, small_memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflation() { deflateEnd(&stream); }
  Deflation(const Deflation&) = delete;
  Deflation& operator=(const Deflation&) = delete;

  void run(std::string_view text, int flush, std::string& packed) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    std::array<char, 16384> room;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(room.data());
      stream.avail_out = static_cast<uInt>(room.size());
      deflate(&stream, flush);
      packed.append(room.data(), room.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }

  z_stream stream{};
};

GzipStream::GzipStream() : deflation_(std::make_unique<Deflation>()) {}

GzipStream::~GzipStream() = default;

void GzipStream::add(std::string_view text, std::string& packed) {
  deflation_->run(text, Z_SYNC_FLUSH, packed);
}

void GzipStream::finish(std::string_view text, std::string& packed) {
  deflation_->run(text, Z_FINISH, packed);
}

}  // namespace provisr::daemon
