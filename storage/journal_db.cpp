#include "storage/journal_db.hpp"

#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "common/durable_file.hpp"

namespace canhgac::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFormatPrefix = "canhgac-store ";

void write_format(const fs::path& folder) {
    common::replace_file(folder / "FORMAT", fmt::format("{}{}\n", kFormatPrefix, kStoreFormat),
                         common::FileAccess::everyone);
}

/// Makes the folder and its FORMAT file, or checks the one that is there.
void prepare_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        throw std::runtime_error(fmt::format("cannot make the data folder {}: {}", folder.string(), error.message()));
    }
    const fs::path path = folder / "FORMAT";
    if (std::ifstream file(path); file) {
        std::string line;
        std::getline(file, line);
        int number = 0;
        const bool ours = line.starts_with(kFormatPrefix);
        if (ours) { std::from_chars(line.data() + kFormatPrefix.size(), line.data() + line.size(), number); }
        if (number < 1) { throw std::runtime_error(fmt::format("{} does not name a store format", path.string())); }
        if (number > kStoreFormat) {
            throw std::runtime_error(fmt::format(
                "the data folder {} has format {}, newer than this release knows ({}): use the newer release",
                folder.string(), number, kStoreFormat));
        }
        if (number < kStoreFormat) { write_format(folder); } // older releases must not open what this one writes
        return;
    }
    if (fs::exists(folder / "journal" / "CURRENT", error)) {
        throw std::runtime_error(fmt::format("{} is missing beside an existing journal", path.string()));
    }
    write_format(folder);
}

rocksdb::ColumnFamilyOptions family_options(Family family, const JournalOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
    rocksdb::ColumnFamilyOptions result;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.format_version = 5;
    table.cache_index_and_filter_blocks = true;
    result.compression = rocksdb::kZSTD;
    result.write_buffer_size = 8 * common::kMiB;
    if (family == Family::mb) {
        // Keys come in order and values are compressed already: memory tables become files that are only moved.
        result.compression = rocksdb::kNoCompression;
        result.write_buffer_size = std::max(options.memory_bytes / 4, 8 * common::kMiB);
        table.block_size = 16 * common::kKiB;
    } else if (family == Family::chain || family == Family::heads || family == Family::dedup) {
        result.compression = rocksdb::kNoCompression; // hashes
    }
    result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return result;
}

/// Leaves recovery from a full disk to JournalDb::write(): RocksDB's own looks only every five seconds.
class ManualRecovery final : public rocksdb::EventListener {
public:
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                              bool* auto_recovery) override {
        *auto_recovery = false;
    }
};

class ErrorLog final : public rocksdb::Logger {
public:
    explicit ErrorLog(common::Logger& logger) : rocksdb::Logger(rocksdb::ERROR_LEVEL), logger_(&logger) {}
    using rocksdb::Logger::Logv;
    void Logv(const char* format, va_list arguments) override {
        std::array<char, 1024> text{};
        std::vsnprintf(text.data(), text.size(), format, arguments);
        logger_->warning("store: {}", text.data());
    }

private:
    common::Logger* logger_;
};

} // namespace

std::shared_ptr<rocksdb::Logger> make_error_log(common::Logger& logger) {
    return std::make_shared<ErrorLog>(logger);
}

std::error_code to_error(const rocksdb::Status& status) noexcept {
    if (status.ok()) { return {}; }
    if (status.subcode() == rocksdb::Status::kNoSpace || status.subcode() == rocksdb::Status::kSpaceLimit) {
        return std::make_error_code(std::errc::no_space_on_device);
    }
    if (status.IsCorruption()) { return std::make_error_code(std::errc::bad_message); }
    if (status.IsInvalidArgument()) { return std::make_error_code(std::errc::invalid_argument); }
    return std::make_error_code(std::errc::io_error);
}

JournalDb::JournalDb(const fs::path& folder, const JournalOptions& options, common::Logger& logger)
    : folder_(folder), sync_(options.durability == Durability::fsync) {
    prepare_folder(folder_);
    open(options, logger);
}

void JournalDb::open(const JournalOptions& options, common::Logger& logger) {
    rocksdb::DBOptions db_options;
    db_options.create_if_missing = true;
    db_options.create_missing_column_families = true;
    db_options.max_total_wal_size = options.wal_bytes;
    db_options.db_write_buffer_size = options.memory_bytes / 3 * 2;
    db_options.max_background_jobs = 2;
    db_options.max_open_files = 512;
    db_options.info_log = make_error_log(logger);
    db_options.info_log_level = rocksdb::ERROR_LEVEL;
    db_options.stats_dump_period_sec = 0;
    db_options.listeners.push_back(std::make_shared<ManualRecovery>());
    db_options.bytes_per_sync = common::kMiB; // of background files, so that a flush does not pile up dirty pages
    const auto cache = rocksdb::NewLRUCache(options.memory_bytes / 3);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
    for (std::size_t i = 0; i < kFamilyCount; ++i) {
        families.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), options, cache));
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const fs::path path = folder_ / "journal";
    std::error_code ignored; // an error shows when the database is opened
    fs::create_directories(path, ignored);
    const rocksdb::Status status = rocksdb::DB::Open(db_options, path.string(), families, &handles, &db_);
    if (!status.ok()) {
        const std::string text = status.ToString();
        if (text.find("lock") != std::string::npos) {
            throw std::runtime_error(fmt::format("the data folder {} is in use by another process", folder_.string()));
        }
        throw std::runtime_error(fmt::format("cannot open the journal {}: {}", path.string(), text));
    }
    db_->DestroyColumnFamilyHandle(handles.front());
    std::copy(handles.begin() + 1, handles.end(), handles_.begin());
}

JournalDb::~JournalDb() {
    if (db_ == nullptr) { return; }
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
        db_->DestroyColumnFamilyHandle(handle);
    }
    common::ignore(db_->Close(), "whatever was acknowledged is in the log already");
    delete db_;
}

std::error_code JournalDb::write(rocksdb::WriteBatch& batch, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    std::error_code error;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (stopped_.load(std::memory_order_relaxed)) {
            const rocksdb::Status resumed = db_->Resume();
            if (!resumed.ok()) { return to_error(resumed); }
        }
        // The error may be an old one of a background flush: once resumed, the same batch is tried again. Should the
        // first try have reached the log after all, the second writes the same keys and values.
        error = to_error(db_->Write(options, &batch));
        stopped_.store(static_cast<bool>(error), std::memory_order_relaxed);
        if (!error) { break; }
    }
    return error;
}

common::Result<std::optional<std::string>, std::error_code> JournalDb::get(Family family, std::string_view key,
                                                                           const rocksdb::Snapshot* snapshot) const {
    std::string value;
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    const rocksdb::Status status =
        db_->Get(options, this->family(family), rocksdb::Slice(key.data(), key.size()), &value);
    if (status.IsNotFound()) { return std::optional<std::string>{}; }
    if (!status.ok()) { return common::fail(to_error(status)); }
    return std::optional(std::move(value));
}

std::unique_ptr<rocksdb::Iterator> JournalDb::iterate(Family family, const rocksdb::Snapshot* snapshot) const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, this->family(family)));
}

std::uint64_t JournalDb::free_bytes() const noexcept {
    std::error_code error;
    const fs::space_info space = fs::space(folder_, error);
    return error ? std::numeric_limits<std::uint64_t>::max() : space.available;
}

SnapshotGuard::SnapshotGuard(const JournalDb& db) : db_(&db), snapshot_(db.db().GetSnapshot()) {}

SnapshotGuard::~SnapshotGuard() {
    db_->db().ReleaseSnapshot(snapshot_);
}

} // namespace canhgac::storage
