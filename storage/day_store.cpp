#include "storage/day_store.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include "common/bytes.hpp"
#include "common/durable_file.hpp"
#include "storage/journal_db.hpp"
#include "storage/order.hpp"

namespace canhgac::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kDayFolder = "day";
constexpr std::string_view kTrashFolder = "trash";

/// Files below a size are joined with others between it and the size before: each byte is written twice more at most.
constexpr std::uint64_t kJoinBelow[] = {8 * common::kMiB, 128 * common::kMiB};
constexpr std::uint64_t kMostJoined = 256 * common::kMiB;

rocksdb::Slice to_slice(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

rocksdb::Options day_options(const std::shared_ptr<rocksdb::Logger>& log,
                             const std::shared_ptr<rocksdb::Cache>& cache) {
    rocksdb::Options options;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.format_version = 5;
    table.block_size = 16 * common::kKiB;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.compression = rocksdb::kNoCompression; // chunks are
    options.disable_auto_compactions = true;
    options.write_buffer_size = 256 * common::kKiB; // only erase() writes
    options.max_background_jobs = 2;
    options.max_open_files = 32; // of each of four hundred days; a busy one has more, and opens them as needed
    options.info_log = log;
    options.info_log_level = rocksdb::ERROR_LEVEL;
    options.stats_dump_period_sec = 0;
    return options;
}

} // namespace

DayDb::DayDb(std::unique_ptr<rocksdb::DB> db, fs::path folder) : db_(std::move(db)), folder_(std::move(folder)) {}

DayDb::~DayDb() {
    common::ignore(db_->Close(), "every file in it is synced already");
}

common::Result<std::optional<std::string>, std::error_code> DayDb::get(std::string_view key) const {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    std::string value;
    const rocksdb::Status status = db_->Get(options, to_slice(key), &value);
    if (status.IsNotFound()) { return std::optional<std::string>{}; }
    if (!status.ok()) { return common::fail(to_error(status)); }
    return std::optional(std::move(value));
}

std::error_code DayDb::resume() {
    if (!failed_) { return {}; }
    const rocksdb::Status status = db_->Resume();
    failed_ = !status.ok();
    return to_error(status);
}

std::error_code DayDb::done(const rocksdb::Status& status) {
    failed_ = failed_ || !status.ok();
    return to_error(status);
}

std::error_code DayDb::ingest(const SegmentChunks& chunks) {
    if (const std::error_code error = resume()) { return error; }
    const fs::path file = folder_ / "segment.new"; // one sealer: one name
    // Never written over: after a crash within the ingest it is a second name of a file the database has.
    std::error_code unremoved;
    fs::remove(file, unremoved);
    if (unremoved) { return unremoved; }
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db_->GetOptions());
    rocksdb::Status status = writer.Open(file.string());
    for (auto chunk = chunks.begin(); status.ok() && chunk != chunks.end(); ++chunk) {
        status = writer.Put(chunk->first, chunk->second);
    }
    if (status.ok()) { status = writer.Finish(); }
    if (status.ok()) {
        rocksdb::IngestExternalFileOptions options;
        options.move_files = true;
        options.write_global_seqno = false;
        status = db_->IngestExternalFile({file.string()}, options);
    }
    std::error_code ignored; // once ingested the file has another name
    fs::remove(file, ignored);
    return done(status);
}

std::error_code DayDb::erase(std::uint32_t run) {
    const std::string begin = chunk_key(run, 0, 0);
    const std::string end = chunk_key(run + 1, 0, 0);
    if (const std::error_code error = resume()) { return error; }
    rocksdb::WriteOptions options;
    options.sync = true;
    return done(db_->DeleteRange(options, db_->DefaultColumnFamily(), begin, end));
}

namespace {

using Files = std::vector<rocksdb::LiveFileMetaData>;

/// The first kJoinedFiles neighbours that belong together; empty if there are none.
std::vector<std::string> joinable(const Files& files, std::uint64_t room) {
    std::uint64_t least = 0;
    for (const std::uint64_t below : kJoinBelow) {
        std::vector<std::string> names;
        std::uint64_t bytes = 0;
        for (const auto& file : files) {
            if (file.size < least || file.size >= below) {
                names.clear();
                bytes = 0;
                continue;
            }
            names.push_back(file.name);
            bytes += file.size;
            if (names.size() == DayDb::kJoinedFiles && bytes <= room) { return names; }
        }
        least = below;
    }
    return {};
}

} // namespace

common::Result<std::size_t, std::error_code> DayDb::join_files(std::uint64_t room) {
    if (const std::error_code error = resume()) { return common::fail(error); }
    const int bottom = db_->NumberLevels() - 1; // where ingested files are
    std::size_t joined = 0;
    while (true) {
        Files files;
        db_->GetLiveFilesMetaData(&files);
        std::erase_if(files, [bottom](const auto& file) { return file.level != bottom; });
        std::sort(files.begin(), files.end(),
                  [](const auto& left, const auto& right) { return left.smallestkey < right.smallestkey; });
        const std::vector<std::string> names = joinable(files, room);
        if (names.empty()) { return joined; }
        rocksdb::CompactionOptions options;
        options.compression = rocksdb::kNoCompression; // chunks are
        options.output_file_size_limit = kMostJoined;
        const rocksdb::Status status = db_->CompactFiles(options, names, bottom);
        if (!status.ok()) { return common::fail(done(status)); }
        joined += names.size();
    }
}

common::Result<std::shared_ptr<DayDb>, std::error_code> open_day_db(const fs::path& folder, bool create,
                                                                    const std::shared_ptr<rocksdb::Logger>& log,
                                                                    const std::shared_ptr<rocksdb::Cache>& cache) {
    std::error_code error;
    if (!fs::exists(folder / "CURRENT", error)) {
        if (fs::is_symlink(folder, error)) { return common::fail(std::make_error_code(std::errc::no_such_device)); }
        if (!create) { return std::shared_ptr<DayDb>{}; }
        fs::create_directories(folder, error);
        if (error) { return common::fail(error); }
        common::sync_path(folder.parent_path().parent_path());
        common::sync_path(folder.parent_path());
    }
    rocksdb::Options options = day_options(log, cache);
    options.create_if_missing = create;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, folder.string(), &db);
    if (!status.ok()) { return common::fail(to_error(status)); }
    return std::make_shared<DayDb>(std::unique_ptr<rocksdb::DB>(db), folder);
}

DayStores::DayStores(const fs::path& folder, common::Logger& logger, const fs::path& cold)
    : folder_(folder), log_(make_error_log(logger)), cache_(rocksdb::NewLRUCache(8 * common::kMiB)),
      cold_(folder / kDayFolder, cold) {
    cold_.recover();
}

DayStores::~DayStores() = default;

fs::path DayStores::path(std::uint16_t day) const {
    return folder_ / kDayFolder / day_name(day);
}

common::Result<std::shared_ptr<DayDb>, std::error_code> DayStores::open(std::uint16_t day, bool create) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(open_.begin(), open_.end(), [day](const auto& each) { return each.first == day; });
    if (known != open_.end()) {
        open_.splice(open_.begin(), open_, known);
        return open_.front().second;
    }
    auto opened = open_day_db(path(day), create, log_, cache_);
    if (!opened || *opened == nullptr) { return opened; }
    open_.emplace_front(day, std::move(*opened));
    auto result = open_.front().second;
    for (auto last = std::prev(open_.end()); open_.size() > kOpenDays && last != open_.begin();) {
        const auto before = std::prev(last);
        if (last->second.use_count() == 1) { open_.erase(last); } // in use: it could not be opened again meanwhile
        last = before;
    }
    return result;
}

std::error_code DayStores::drop(std::uint16_t day) {
    const auto trashed = move_to_trash(day);
    if (!trashed) { return trashed.error(); }
    if (trashed->empty()) { return {}; }
    std::error_code ignored; // what stays is unlinked at the next start
    if (fs::is_symlink(*trashed, ignored)) { cold_.remove_copy(day); }
    fs::remove_all(*trashed, ignored);
    return {};
}

common::Result<fs::path, std::error_code> DayStores::trash_place(std::uint16_t day) {
    const fs::path trash = folder_ / kTrashFolder;
    std::error_code error;
    fs::create_directories(trash, error);
    if (error) { return common::fail(error); }
    fs::path to;
    do {
        to = trash / fmt::format("{}.{}", day_name(day), trashed_++);
    } while (fs::exists(fs::symlink_status(to, error)));
    return to;
}

common::Result<fs::path, std::error_code> DayStores::move_to_trash(std::uint16_t day) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<DayDb> last; // closed, if nobody reads it, before its files go
    const auto known = std::find_if(open_.begin(), open_.end(), [day](const auto& each) { return each.first == day; });
    if (known != open_.end()) {
        last = std::move(known->second);
        open_.erase(known);
    }
    const fs::path from = path(day);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(from, error))) { return fs::path(); }
    auto to = trash_place(day);
    if (!to) { return to; }
    fs::rename(from, *to, error);
    if (error) { return common::fail(error); }
    common::sync_path(folder_ / kDayFolder);
    return to;
}

bool DayStores::has(std::uint16_t day) const noexcept {
    std::error_code error;
    return fs::exists(path(day) / "CURRENT", error);
}

std::error_code DayStores::switch_to_cold(std::uint16_t day) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(open_.begin(), open_.end(), [day](const auto& each) { return each.first == day; });
    if (known != open_.end()) {
        if (known->second.use_count() > 1) { return std::make_error_code(std::errc::device_or_resource_busy); }
        open_.erase(known);
    }
    const auto to = trash_place(day);
    if (!to) { return to.error(); }
    if (const std::error_code error = cold_.switch_over(day, *to)) { return error; }
    std::error_code ignored; // what stays is unlinked at the next start
    fs::remove_all(*to, ignored);
    return {};
}

std::vector<std::uint16_t> DayStores::days() const {
    std::vector<std::uint16_t> result;
    std::error_code error;
    for (fs::directory_iterator at(folder_ / kDayFolder, error), end; !error && at != end; at.increment(error)) {
        std::uint16_t day = 0;
        if (parse_day_name(at->path().filename().string(), day)) { result.push_back(day); }
    }
    std::sort(result.begin(), result.end());
    return result;
}

void DayStores::empty_trash() noexcept {
    std::error_code error;
    fs::remove_all(folder_ / kTrashFolder, error);
}

} // namespace canhgac::storage
