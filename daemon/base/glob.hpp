#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A pattern for a whole text: `*` stands for any bytes, also none, `?` for one byte, and every
/// other byte for itself.
///
/// Matching is linear in the text: no byte of it is looked at twice but for those next to its end,
/// whatever the pattern; a byte costs one step for each 64 bytes of pattern between two stars.
class Glob {
 public:
  explicit Glob(std::string_view pattern);

  /// What each `*` stands for, in their order; empty if the text does not match. Of several ways,
  /// it is the one in which the first star is shortest, then the second and so on; the last takes
  /// what is left. The views are into `text`. Adds the steps that it took to `steps`.
  [[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view text,
                                                                   std::size_t& steps) const;
  [[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view text) const;

  [[nodiscard]] std::size_t stars() const { return segments_.size() - 1; }

 private:
  /// What stands between two stars, or between one and an end of the pattern.
  class Segment {
   public:
    explicit Segment(std::string_view text);

    [[nodiscard]] std::size_t size() const { return text_.size(); }
    [[nodiscard]] bool is_at(std::string_view text, std::size_t at, std::size_t& steps) const;
    /// The first place from `at` on.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view text, std::size_t at,
                                                  std::size_t& steps) const;

   private:
    std::string text_;
    std::size_t words_;                  ///< of 64 bits, one bit a byte of the segment
    std::vector<std::uint64_t> places_;  ///< words_ for each byte: where it may stand
  };

  std::vector<Segment> segments_;
};

}  // namespace provisr::daemon
