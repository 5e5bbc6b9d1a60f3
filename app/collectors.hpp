/// Opens the listeners that the configuration asks for and keeps them running.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/config.hpp"
#include "collector/listeners/services.hpp"
#include "net/io_threads.hpp"

namespace canhgac::app {

class Collectors {
public:
    /// Binds every listener; throws std::runtime_error with a message for the operator. References must outlive it.
    Collectors(const Config& config, net::IoThreads& io, const collector::ListenerServices& services);
    ~Collectors();
    Collectors(const Collectors&) = delete;
    Collectors& operator=(const Collectors&) = delete;

    void start();
    /// Refuses input, hands over what has arrived, closes. Idempotent.
    void stop();
    /// Port in use by listener name ("syslog_udp", ...).
    [[nodiscard]] const std::map<std::string, std::uint16_t>& ports() const noexcept { return ports_; }

private:
    struct Listeners;
    std::unique_ptr<Listeners> listeners_;
    std::map<std::string, std::uint16_t> ports_;
};

} // namespace canhgac::app
