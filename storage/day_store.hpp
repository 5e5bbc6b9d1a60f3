/// The databases of sealed events: one RocksDB a UTC day of event time, `day/2026-11-22` in the store's folder. Files
/// are written whole and ingested; nothing in them is ever changed, and a day is forgotten by renaming its folder
/// (STORAGE.md section 2, "Seal and merge").
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/log.hpp"
#include "common/result.hpp"
#include "storage/cold_folder.hpp"
#include "storage/seal_catalogue.hpp"

namespace rocksdb {
class Cache;
class DB;
class Logger;
class Status;
} // namespace rocksdb

namespace canhgac::storage {

/// Chunks of one segment, ascending by key (chunk_key).
using SegmentChunks = std::vector<std::pair<std::string, std::string>>;

/// One day. Thread safe. Who still reads a day that was dropped finds what it had open, or gets io_error.
class DayDb {
public:
    /// Takes over an open database.
    explicit DayDb(std::unique_ptr<rocksdb::DB> db, std::filesystem::path folder);
    ~DayDb();
    DayDb(const DayDb&) = delete;
    DayDb& operator=(const DayDb&) = delete;

    /// Nothing: no such chunk. Errors: bad_message (damaged), io_error.
    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code> get(std::string_view key) const;
    /// Writes the chunks into a file of their own, synced, and takes it into the database: all or nothing.
    [[nodiscard]] std::error_code ingest(const SegmentChunks& chunks);
    /// Erases what there is of a run.
    [[nodiscard]] std::error_code erase(std::uint32_t run);
    /// Joins neighbouring small files, byte by byte, when kJoinedFiles of about one size are there; nothing that needs
    /// more than `room` bytes meanwhile. The number of files joined.
    [[nodiscard]] common::Result<std::size_t, std::error_code> join_files(std::uint64_t room);
    static constexpr std::size_t kJoinedFiles = 16;

private:
    /// After an error (a full disk) the database must be brought back before it takes anything.
    [[nodiscard]] std::error_code resume();
    [[nodiscard]] std::error_code done(const rocksdb::Status& status);

    std::unique_ptr<rocksdb::DB> db_;
    std::filesystem::path folder_;
    std::atomic<bool> failed_{false};
};

/// Opens a database of segments, or makes it, with its folder. Nothing: there is none and `create` is false.
[[nodiscard]] common::Result<std::shared_ptr<DayDb>, std::error_code>
open_day_db(const std::filesystem::path& folder, bool create, const std::shared_ptr<rocksdb::Logger>& log,
            const std::shared_ptr<rocksdb::Cache>& cache);

/// All days; opens them when asked and keeps the last used ones open. Thread safe.
class DayStores {
public:
    /// Days kept open while nobody uses them: a year, for opening one takes longer than most searches of it.
    static constexpr std::size_t kOpenDays = 400;

    /// `folder` is the store's; `cold` is where days move to, empty: nowhere. The logger must outlive it.
    DayStores(const std::filesystem::path& folder, common::Logger& logger, const std::filesystem::path& cold = {});
    ~DayStores();
    DayStores(const DayStores&) = delete;
    DayStores& operator=(const DayStores&) = delete;

    /// Nothing: there is no such day and `create` is false. Errors: no_such_device (its volume cannot be reached),
    /// bad_message, io_error.
    [[nodiscard]] common::Result<std::shared_ptr<DayDb>, std::error_code> open(std::uint16_t day, bool create);
    /// Renames the day's folder away and unlinks it. Nothing happens if there is none.
    [[nodiscard]] std::error_code drop(std::uint16_t day);
    /// Days that have a folder, ascending; others' folders are left alone.
    [[nodiscard]] std::vector<std::uint16_t> days() const;
    /// Unlinks what drop() could not.
    void empty_trash() noexcept;

    /// It has a folder here.
    [[nodiscard]] bool has(std::uint16_t day) const noexcept;
    /// It moved to the cold volume / it is here, or there and the volume is too.
    [[nodiscard]] bool is_cold(std::uint16_t day) const noexcept { return cold_.is_cold(day); }
    [[nodiscard]] bool reachable(std::uint16_t day) const noexcept { return cold_.reachable(day); }
    /// The first and long part of moving a day: it may be in use meanwhile.
    [[nodiscard]] std::error_code copy_to_cold(std::uint16_t day) { return cold_.copy(day); }
    /// The second: nobody may write to the day. Errors: device_or_resource_busy (somebody reads it; copied files stay).
    [[nodiscard]] std::error_code switch_to_cold(std::uint16_t day);
    /// Days that have a copy on the cold volume and nothing here.
    [[nodiscard]] std::vector<std::uint16_t> cold_orphans() const { return cold_.orphans(); }
    void remove_cold_copy(std::uint16_t day) noexcept { cold_.remove_copy(day); }

private:
    [[nodiscard]] std::filesystem::path path(std::uint16_t day) const;
    /// Where it is now; empty if there was none.
    [[nodiscard]] common::Result<std::filesystem::path, std::error_code> move_to_trash(std::uint16_t day);
    /// A name in the trash that is not in use; the trash is there.
    [[nodiscard]] common::Result<std::filesystem::path, std::error_code> trash_place(std::uint16_t day);

    std::filesystem::path folder_;
    std::shared_ptr<rocksdb::Logger> log_;
    std::shared_ptr<rocksdb::Cache> cache_; ///< of indexes; chunks are read once
    std::mutex mutex_;
    std::list<std::pair<std::uint16_t, std::shared_ptr<DayDb>>> open_; ///< last used first
    std::uint64_t trashed_ = 0;
    ColdFolder cold_;
};

} // namespace canhgac::storage
