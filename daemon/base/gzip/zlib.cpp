#include "daemon/base/gzip.hpp"

#include <zlib.h>

#include <limits>

namespace provisr::daemon {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // the largest window; 16 stands for gzip's header
constexpr int memory_level = 8;            // zlib's default

/// Compresses all of `text` at once: `packed` is large enough for whatever comes out.
[[nodiscard]] bool deflate_whole(z_stream& stream, std::string_view text, std::string& packed) {
  const uLong bound = deflateBound(&stream, static_cast<uLong>(text.size()));
  if (bound > std::numeric_limits<uInt>::max()) return false;
  packed.resize(bound);
  // zlib's interface is older than const; it does not write there.
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

}  // namespace provisr::daemon
