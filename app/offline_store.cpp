#include "app/offline_store.hpp"

#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "app/api_client.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/metrics.hpp"
#include "event/field_table.hpp"

namespace canhgac::app {

namespace {

std::filesystem::path checked_folder(const std::filesystem::path& data) {
    std::filesystem::path folder = data / "store";
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0) {
        throw std::runtime_error(fmt::format("{}: there is no store here (--data FOLDER)", data.string()));
    }
    if (about.st_uid != ::geteuid()) {
        throw std::runtime_error(
            fmt::format("{} belongs to user {}: run this as that user, or the server could not open it any more",
                        folder.string(), about.st_uid));
    }
    return folder;
}

} // namespace

struct OfflineStore::Parts {
    explicit Parts(const std::filesystem::path& data)
        : store(checked_folder(data), reading_options(), fields, clock, metrics, log) {}

    /// The server seals; who only reads for a moment does not begin with it.
    static storage::JournalOptions reading_options() {
        storage::JournalOptions options;
        options.seal.on = false;
        return options;
    }

    common::SystemClock clock;
    common::MetricsRegistry metrics;
    common::Logger log{common::LogLevel::error};
    event::FieldTable fields;
    storage::JournalStore store;
};

OfflineStore::OfflineStore(const std::filesystem::path& data) : parts_(std::make_unique<Parts>(data)) {}
OfflineStore::~OfflineStore() = default;

storage::JournalStore& OfflineStore::store() noexcept {
    return parts_->store;
}

event::EventStore& OfflineStore::events() noexcept {
    return parts_->store.events();
}

std::unique_ptr<OfflineStore> open_unless_served(const ClientOptions& client) {
    if (client.data.empty() || !client.server.empty()) { return nullptr; }
    try {
        return std::make_unique<OfflineStore>(client.data);
    } catch (const std::runtime_error& error) {
        try {
            static_cast<void>(ApiClient(client).get("/healthz")); // a server has it open: fine
        } catch (const std::runtime_error&) { throw error; }
        return nullptr;
    }
}

} // namespace canhgac::app
