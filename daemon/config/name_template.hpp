#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A template for the names of matched processes: `{2}` stands for the text that the second star of
/// the `args` pattern matched.
class NameTemplate {
 public:
  /// Characters kept free at the end of every name for a number such as "-2".
  static constexpr std::size_t room_for_number = 8;

  /// Returns what is wrong with a template; empty if nothing is.
  [[nodiscard]] static std::string fault_in(std::string_view text);

  /// Requires a `text` without faults.
  explicit NameTemplate(std::string_view text);

  /// Returns a valid process name that leaves room_for_number. `captures` holds what the stars
  /// matched. Replaces a byte that a name may not hold by `_`, and an empty text as well. Cuts a
  /// name that is too long and appends a hash of the whole name.
  [[nodiscard]] std::string name_for(std::span<const std::string_view> captures) const;

  /// Returns the name that is shown while no process matches: with `_` for each `{N}`.
  [[nodiscard]] std::string placeholder_name() const { return name_for({}); }

  /// Returns the highest N of a `{N}`; 0 if there is none.
  [[nodiscard]] std::size_t highest() const;

 private:
  struct Part {
    std::string text;
    std::size_t star = 0;  ///< the star whose match follows the text; 0: none
  };
  std::vector<Part> parts_;
};

}  // namespace provisr::daemon
