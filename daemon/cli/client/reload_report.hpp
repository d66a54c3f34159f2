#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The lines, without their ends, that show what a reload has changed: one for each member of the
/// answer that is not empty, such as "added: a, b". Throws AnswerFault if the answer is no object.
[[nodiscard]] std::vector<std::string> changes_in(std::string_view json);

/// What keeps a configuration from being taken: the elements of "faults", else the sentence of the
/// error. Empty if there is neither.
[[nodiscard]] std::vector<std::string> faults_in(std::string_view json);

}  // namespace provisr::daemon
