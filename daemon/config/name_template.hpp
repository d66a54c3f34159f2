#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A name of processes that are found by what they are: `{2}` in it is what the second star of a
/// pattern stood for.
class NameTemplate {
 public:
  /// Room that is left in every name for a number behind it, as in "-2".
  static constexpr std::size_t room_for_number = 8;

  /// What is wrong with a template; empty if nothing is.
  [[nodiscard]] static std::string fault_in(std::string_view text);

  /// Requires that there is no fault in `text`.
  explicit NameTemplate(std::string_view text);

  /// A valid process name, with room_for_number. A byte that a name may not hold becomes `_`, and
  /// so does what is empty; a name that is too long ends with a hash of what is cut off.
  [[nodiscard]] std::string name_for(std::span<const std::string_view> stood_for) const;

  /// The name that is shown while there is no process: `_` for each `{N}`.
  [[nodiscard]] std::string name_of_none() const { return name_for({}); }

  /// The highest N of a `{N}`; 0 if there is none.
  [[nodiscard]] std::size_t highest() const;

 private:
  struct Part {
    std::string text;
    std::size_t star = 0;  ///< comes behind the text; 0: none
  };
  std::vector<Part> parts_;
};

}  // namespace provisr::daemon
