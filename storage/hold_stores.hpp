/// Events under legal hold: copies in databases of their own, `hold/NAME` in the store's folder, that no retention
/// touches. This is the reading side; hold_writer.hpp makes and releases holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "common/log.hpp"
#include "common/result.hpp"
#include "storage/day_store.hpp"
#include "storage/hold_record.hpp"
#include "storage/journal_db.hpp"
#include "storage/sealed_reader.hpp"

namespace canhgac::storage {

/// Thread safe. The references must outlive it.
class HoldStores {
public:
    /// Reads the records; removes what a hold that was cut off, or a released one, left behind. Throws
    /// std::runtime_error when a record is damaged or the journal takes no more.
    HoldStores(JournalDb& db, common::Logger& logger);
    ~HoldStores();
    HoldStores(const HoldStores&) = delete;
    HoldStores& operator=(const HoldStores&) = delete;

    /// Complete ones, by name.
    [[nodiscard]] std::vector<HoldRecord> list() const;
    [[nodiscard]] std::optional<HoldRecord> find(std::string_view name) const;
    /// Segments with events in [from, to). Errors: bad_message (missing or damaged), io_error.
    [[nodiscard]] common::Result<std::vector<std::shared_ptr<const OpenSegment>>, std::error_code>
    segments(common::Nanos from, common::Nanos to);
    /// All of one hold.
    [[nodiscard]] common::Result<std::vector<std::shared_ptr<const OpenSegment>>, std::error_code>
    segments(const HoldRecord& hold);
    /// Its database.
    [[nodiscard]] common::Result<std::shared_ptr<DayDb>, std::error_code> open(const std::string& name, bool create);

    /// Who writes tells what became of a hold: it is there and complete; or it is gone, with its folder.
    void put(const HoldRecord& hold);
    void remove(const std::string& name);

private:
    struct Entry {
        HoldRecord record;
        std::vector<std::shared_ptr<const OpenSegment>> segments; ///< once they were asked for
    };
    [[nodiscard]] std::filesystem::path path(const std::string& name) const;
    [[nodiscard]] common::Result<std::shared_ptr<DayDb>, std::error_code> open_locked(const std::string& name,
                                                                                      bool create);
    [[nodiscard]] std::error_code load_segments(Entry& entry);
    void clean_up(JournalDb& db);

    std::filesystem::path folder_; ///< of all holds
    std::shared_ptr<rocksdb::Logger> log_;
    std::shared_ptr<rocksdb::Cache> cache_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> holds_;
    std::map<std::string, std::shared_ptr<DayDb>> open_;
};

/// The chunks of a hold's database that are not of segments: which batches it has events of, and the proof of each.
[[nodiscard]] std::string hold_batches_key();
[[nodiscard]] std::string hold_proof_key(std::uint64_t seq);

} // namespace canhgac::storage
