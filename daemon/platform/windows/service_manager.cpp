#include "daemon/platform/service_manager.hpp"

namespace provisr::daemon {

ServiceManager::ServiceManager() = default;

void ServiceManager::notify_ready() const noexcept {}

void ServiceManager::notify_reloading() const noexcept {}

void ServiceManager::notify_stopping(std::chrono::milliseconds /*longest*/) const noexcept {}

void ServiceManager::notify_alive() const noexcept {}

}  // namespace provisr::daemon
