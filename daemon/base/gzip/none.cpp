#include "daemon/base/gzip.hpp"

#include <new>

namespace provisr::daemon {

bool can_gzip() {
  return false;
}

std::optional<std::string> gzip(std::string_view) {
  return std::nullopt;
}

struct GzipStream::Deflation {};

GzipStream::GzipStream() {
  throw std::bad_alloc();
}

GzipStream::~GzipStream() = default;

void GzipStream::add(std::string_view, std::string&) {}

void GzipStream::finish(std::string_view, std::string&) {}

}  // namespace provisr::daemon
