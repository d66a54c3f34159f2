#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A pattern that must match a whole text: `*` matches any bytes, or none; `?` matches one byte;
/// every other byte matches itself.
///
/// Matching is linear in the text for every pattern: each byte is examined at most once. A byte
/// costs one step for each 64 bytes of pattern between two stars.
class Glob {
 public:
  explicit Glob(std::string_view pattern);

  /// Returns what each `*` matched, in their order; empty if the text does not match. If several
  /// matches are possible, the first star matches as little as possible, then the second and so on;
  /// the last one matches the rest. The views are into `text`. Adds the number of steps to `steps`.
  [[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view text,
                                                                   std::size_t& steps) const;
  [[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view text) const;

  [[nodiscard]] std::size_t stars() const { return segments_.size() - 1; }

 private:
  /// The pattern between two stars, or between a star and an end of the pattern.
  class Segment {
   public:
    explicit Segment(std::string_view text);

    [[nodiscard]] std::size_t size() const { return text_.size(); }
    [[nodiscard]] bool is_at(std::string_view text, std::size_t at, std::size_t& steps) const;
    /// Returns the first position of the segment at or after `at`.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view text, std::size_t at,
                                                  std::size_t& steps) const;

   private:
    std::string text_;
    std::size_t words_;                  ///< 64-bit words in a set of positions, one bit each
    std::vector<std::uint64_t> places_;  ///< words_ for each byte value: where it fits
  };

  std::vector<Segment> segments_;
};

}  // namespace provisr::daemon
