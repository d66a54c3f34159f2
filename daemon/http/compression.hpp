#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"

namespace provisr::daemon {

/// Returns `answer`, gzipped if it is a text of some size and the client wants gzip. Work of more
/// than about a millisecond is done in pieces, while the client takes them.
[[nodiscard]] HttpAnswer compressed_for(const HttpHeaders& headers, HttpAnswer answer);

}  // namespace provisr::daemon
