/// The RocksDB under the journal: folder, column families, write and read with our errors. RocksDB's own types appear
/// only by name; those who use them include it in their .cpp.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "common/result.hpp"
#include "storage/journal_store.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Iterator;
class Logger;
class Snapshot;
class Status;
class WriteBatch;
} // namespace rocksdb

namespace canhgac::storage {

/// Column families; the names on disk are in kFamilyNames. Order is internal.
enum class Family : std::uint8_t {
    mb,
    zone,
    day,
    chain,
    heads,
    ckpt,
    dedup,
    dict,
    det,
    state,
    sources,
    seg,
    sealed,
    orders,
    holds
};
inline constexpr std::size_t kFamilyCount = 15;
inline constexpr std::array<const char*, kFamilyCount> kFamilyNames = {"mb",      "zone",  "day",    "chain",  "heads",
                                                                       "ckpt",    "dedup", "dict",   "det",    "state",
                                                                       "sources", "seg",   "sealed", "orders", "holds"};

/// The number in the FORMAT file of a store folder. A release reads this and older ones, and raises it at start.
inline constexpr int kStoreFormat = 3;

/// Our error for one of RocksDB's.
[[nodiscard]] std::error_code to_error(const rocksdb::Status& status) noexcept;
/// RocksDB's errors in our log, which must outlive it. RocksDB's own LOG file is not used: on a full disk Debian's
/// build (assertions on) aborts when it writes to a file that failed before.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> make_error_log(common::Logger& logger);

/// Thread safe.
class JournalDb {
public:
    /// Opens or makes `folder`/FORMAT and `folder`/journal. Throws std::runtime_error with a message for the operator.
    JournalDb(const std::filesystem::path& folder, const JournalOptions& options, common::Logger& logger);
    ~JournalDb();
    JournalDb(const JournalDb&) = delete;
    JournalDb& operator=(const JournalDb&) = delete;

    [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const noexcept {
        return handles_[static_cast<std::size_t>(family)];
    }
    /// Writes all or nothing, synced if the store promises so. After an error that stopped RocksDB (full disk) it
    /// first tries to bring it back.
    [[nodiscard]] std::error_code write(rocksdb::WriteBatch& batch) { return write(batch, sync_); }
    /// As write(), synced whatever the store promises: for what files outside the journal depend on.
    [[nodiscard]] std::error_code write_synced(rocksdb::WriteBatch& batch) { return write(batch, true); }
    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code>
    get(Family family, std::string_view key, const rocksdb::Snapshot* snapshot = nullptr) const;
    [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate(Family family,
                                                             const rocksdb::Snapshot* snapshot = nullptr) const;
    /// Bytes free for us on the disk of the folder; everything if that cannot be asked.
    [[nodiscard]] std::uint64_t free_bytes() const noexcept;
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    [[nodiscard]] std::error_code write(rocksdb::WriteBatch& batch, bool sync);
    void open(const JournalOptions& options, common::Logger& logger);

    std::filesystem::path folder_;
    bool sync_;
    std::atomic<bool> stopped_{false}; ///< the last write failed
    rocksdb::DB* db_ = nullptr;        ///< closed and deleted by the destructor, after the handles
    std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles_{};
};

/// A point in time of the database; released when it goes.
class SnapshotGuard {
public:
    explicit SnapshotGuard(const JournalDb& db);
    ~SnapshotGuard();
    SnapshotGuard(const SnapshotGuard&) = delete;
    SnapshotGuard& operator=(const SnapshotGuard&) = delete;
    [[nodiscard]] const rocksdb::Snapshot* get() const noexcept { return snapshot_; }

private:
    const JournalDb* db_;
    const rocksdb::Snapshot* snapshot_;
};

} // namespace canhgac::storage
