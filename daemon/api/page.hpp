#pragma once

#include "daemon/http/router.hpp"

#include <string>

namespace provisr::daemon {

/// Adds the page at "/" and its files below "/web/".
///
/// The page contains no figures: it asks the API, below `base_path`. A client that asks for plain
/// text gets the index of the router, which must outlive the routes. If reads are protected, a
/// client without the token gets 401; for a browser, the body is a page that asks for the token.
void add_page_routes(Router& router, const std::string& base_path);

}  // namespace provisr::daemon
