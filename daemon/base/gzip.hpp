#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Returns whether this program was built with zlib.
[[nodiscard]] bool can_gzip();

/// Compresses `text` to the gzip format (RFC 1952), for speed rather than size. Returns an empty
/// optional on failure or without zlib.
[[nodiscard]] std::optional<std::string> gzip(std::string_view text);

/// A gzip compressor that takes a text piece by piece. It uses only 32 KiB, because each client may
/// have one. Not thread-safe.
class GzipStream {
 public:
  /// Throws std::bad_alloc if memory is short, and always without zlib.
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Compresses `text`, which is not empty, and appends all of the output to `packed`.
  void add(std::string_view text, std::string& packed);
  /// Like add(), for the last piece, which may be empty. The stream cannot be used afterwards.
  void finish(std::string_view text, std::string& packed);

 private:
  struct Deflation;
  std::unique_ptr<Deflation> deflation_;
};

}  // namespace provisr::daemon
