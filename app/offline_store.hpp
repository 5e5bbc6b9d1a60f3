/// The event store of a server that does not run, for commands that read, or hold events.
#pragma once

#include <filesystem>
#include <memory>

#include "app/cli.hpp"
#include "event/store.hpp"
#include "storage/journal_store.hpp"

namespace canhgac::app {

/// Opening recovers what the server had acknowledged, so it writes to the folder.
class OfflineStore {
public:
    /// `data`: the server's data folder. Throws std::runtime_error with a message for the operator: no store there, a
    /// server has it open, or it belongs to another user (whose server could not open it any more afterwards).
    explicit OfflineStore(const std::filesystem::path& data);
    ~OfflineStore();
    OfflineStore(const OfflineStore&) = delete;
    OfflineStore& operator=(const OfflineStore&) = delete;

    [[nodiscard]] event::EventStore& events() noexcept;
    [[nodiscard]] storage::JournalStore& store() noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// The stopped store at --data; null when a server is to be asked: one has it open, or --data was not given.
/// Throws std::runtime_error: as OfflineStore, and no server answers either.
[[nodiscard]] std::unique_ptr<OfflineStore> open_unless_served(const ClientOptions& client);

} // namespace canhgac::app
