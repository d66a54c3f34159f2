#include "daemon/platform/unforked_storage.hpp"

namespace provisr::daemon {

StorageProvider unforked_storage() {
  return heap_storage;
}

}  // namespace provisr::daemon
