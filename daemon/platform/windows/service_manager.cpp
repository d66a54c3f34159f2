#include "daemon/platform/service_manager.hpp"

namespace provisr::daemon {

ServiceManager::ServiceManager() = default;

void ServiceManager::tell_ready() const noexcept {}

void ServiceManager::tell_reloading() const noexcept {}

void ServiceManager::tell_stopping() const noexcept {}

}  // namespace provisr::daemon
