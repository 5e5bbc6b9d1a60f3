/// The running program: opens, wires and starts every part, and stops them in reverse. The only place that names the
/// concrete types.
///
///   listeners -> Pipeline (decode, match, encode) -> JournalStore -> AlertEngine (correlate, group) -> Outbox ->
///   channels
///                                                         ^ api: search, alerts, sources, status
#pragma once

#include <memory>
#include <string>

#include "app/config.hpp"

namespace canhgac::app {

class Server {
public:
    /// Opens everything and starts listening; throws std::runtime_error with a message for the operator.
    explicit Server(Config config);
    /// Calls stop().
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Loads the rules again and uses them from the next batch on; on failure the old ones stay. Returns a line for the
    /// log and the API, and whether the new rules are in use.
    struct Reload {
        bool ok = false;
        std::string message;
    };
    Reload reload_rules();
    /// Refuses input, finishes what was received, writes everything, closes. Idempotent.
    void stop();
    /// One line for the operator: addresses and rules.
    [[nodiscard]] std::string summary() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace canhgac::app
