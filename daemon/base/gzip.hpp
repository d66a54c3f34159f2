#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Whether this program was built with zlib.
[[nodiscard]] bool can_gzip();

/// `text` in the gzip format (RFC 1952), fast rather than small; empty without zlib or if it fails.
[[nodiscard]] std::optional<std::string> gzip(std::string_view text);

/// A text in the gzip format that is made piece by piece. It holds 32 KiB, as there may be one for
/// each client. Not for several threads at once.
class GzipStream {
 public:
  /// Throws std::bad_alloc, also without zlib.
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Appends all that stands for `text` to `packed`: never nothing.
  void add(std::string_view text, std::string& packed);
  /// The same of the last piece. Afterwards the stream is of no more use.
  void finish(std::string_view text, std::string& packed);

 private:
  struct Deflation;
  std::unique_ptr<Deflation> deflation_;
};

}  // namespace provisr::daemon
