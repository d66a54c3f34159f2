#pragma once

#include "daemon/http/answer.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// How a client finds the end of a body.
enum class Framing { length, chunks, close };

/// The status line and the header of an answer, with the empty line.
[[nodiscard]] std::string answer_head(const HttpAnswer& answer, Framing framing, bool keeps_alive);

/// The reason phrase of RFC 9110 for a status.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace provisr::daemon
