/// The RocksDB under the journal: folder, column families, write and read with our errors. RocksDB's own types appear
/// only by name; those who use them include it in their .cpp.
#pragma once

#include <array>
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
class Snapshot;
class Status;
class WriteBatch;
} // namespace rocksdb

namespace canhgac::storage {

/// Column families; the names on disk are in kFamilyNames. Order is internal.
enum class Family : std::uint8_t { mb, zone, day, chain, heads, ckpt, dedup, dict, det, state, sources };
inline constexpr std::size_t kFamilyCount = 11;
inline constexpr std::array<const char*, kFamilyCount> kFamilyNames = {
    "mb", "zone", "day", "chain", "heads", "ckpt", "dedup", "dict", "det", "state", "sources"};

/// The number in the FORMAT file of a store folder. A release reads this and older ones.
inline constexpr int kStoreFormat = 1;

/// Our error for one of RocksDB's.
[[nodiscard]] std::error_code to_error(const rocksdb::Status& status) noexcept;

/// Thread safe.
class JournalDb {
public:
    /// Opens or makes `folder`/FORMAT and `folder`/journal. Throws std::runtime_error with a message for the operator.
    JournalDb(const std::filesystem::path& folder, const JournalOptions& options);
    ~JournalDb();
    JournalDb(const JournalDb&) = delete;
    JournalDb& operator=(const JournalDb&) = delete;

    [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const noexcept {
        return handles_[static_cast<std::size_t>(family)];
    }
    /// Writes all or nothing, synced if the store promises so. After an error that stopped RocksDB (full disk) it
    /// first tries to bring it back.
    [[nodiscard]] std::error_code write(rocksdb::WriteBatch& batch);
    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code> get(Family family,
                                                                                  std::string_view key) const;
    [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate(Family family,
                                                             const rocksdb::Snapshot* snapshot = nullptr) const;
    /// Bytes free for us on the disk of the folder; everything if that cannot be asked.
    [[nodiscard]] std::uint64_t free_bytes() const noexcept;
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    void open(const JournalOptions& options);

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
