#include "daemon/base/gzip.hpp"

#include <zlib.h>

#include <array>
#include <limits>
#include <new>
#include <span>

namespace provisr::daemon {
namespace {

constexpr int gzip_window_bits = 15 + 16;   // the largest window; + 16 selects the gzip header
constexpr int memory_level = 8;             // zlib's default
constexpr int small_window_bits = 12 + 16;  // 4 KiB are enough: nearby samples are much alike
constexpr int small_memory_level = 4;

/// A zlib stream that writes the gzip format.
class Deflater {
 public:
  Deflater(int window_bits, int memory) {
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, window_bits, memory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Compresses all of `text` at once, into a buffer that is large enough for any output.
  [[nodiscard]] bool run_whole(std::string_view text, std::string& packed) {
    const uLong bound = deflateBound(&stream_, static_cast<uLong>(text.size()));
    if (bound > std::numeric_limits<uInt>::max()) return false;
    packed.resize(bound);
    set_input(text);
    set_output(packed);
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return false;
    packed.resize(stream_.total_out);
    return true;
  }

  /// Compresses a piece and appends the output to `packed`.
  void run(std::string_view text, int flush, std::string& packed) {
    set_input(text);
    std::array<char, 16384> room;
    do {
      set_output(room);
      deflate(&stream_, flush);
      packed.append(room.data(), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  /// zlib's interface lacks const; zlib does not write to its input.
  void set_input(std::string_view text) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
  }
  void set_output(std::span<char> room) {
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(room.size());
  }

  z_stream stream_{};
};

}  // namespace

bool can_gzip() {
  return true;
}

std::optional<std::string> gzip(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max() / 2) return std::nullopt;
  try {
    std::string packed;
    if (!Deflater(gzip_window_bits, memory_level).run_whole(text, packed)) return std::nullopt;
    packed.shrink_to_fit();
    return packed;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

struct GzipStream::Deflation : Deflater {
  Deflation() : Deflater(small_window_bits, small_memory_level) {}
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
