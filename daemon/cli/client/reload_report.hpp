#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Returns the changes of a reload as lines without line breaks: one for each member of the answer
/// that is not empty, such as "added: a, b". Throws InvalidAnswer if the answer is not an object.
[[nodiscard]] std::vector<std::string> changes_in(std::string_view json);

/// Returns why a configuration was refused: the elements of "faults", else the sentence of the
/// error. Empty if there is neither.
[[nodiscard]] std::vector<std::string> faults_in(std::string_view json);

}  // namespace provisr::daemon
