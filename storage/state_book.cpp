#include "storage/state_book.hpp"

#include <algorithm>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace canhgac::storage {

namespace {

constexpr char kStateVersion = 1;
constexpr std::string_view kCursorPrefix = "cursor/";

Family family_of(std::string_view key) noexcept {
    return key.starts_with(kCursorPrefix) ? Family::ckpt : Family::state;
}

rocksdb::Slice slice(std::string_view text) noexcept {
    return {text.data(), text.size()};
}
/// The value without its version byte; nothing if that is not ours.
std::optional<std::string_view> unwrap(std::string_view stored) noexcept {
    if (stored.empty() || stored.front() != kStateVersion) { return std::nullopt; }
    return stored.substr(1);
}

/// Stands at the first key to visit: at or after `start`, or backwards at or before it, within the prefix.
void seek(rocksdb::Iterator& entries, std::string_view prefix, std::string_view start, bool backwards) {
    if (!backwards) {
        entries.Seek(slice(std::max(prefix, start)));
    } else if (start.empty() || start > prefix) {
        // From the end of the prefix, or from `start` if that comes first.
        std::string end(prefix);
        while (!end.empty() && end.back() == '\xff') {
            end.pop_back();
        }
        if (!end.empty()) { end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1); }
        if (!start.empty() && (end.empty() || start < end)) {
            entries.SeekForPrev(slice(start));
        } else if (end.empty()) {
            entries.SeekToLast();
        } else {
            entries.SeekForPrev(end);
            if (entries.Valid() && entries.key().ToStringView() == end) { entries.Prev(); }
        }
    } else {
        entries.SeekForPrev(slice(start)); // before or at the prefix: at most the key that equals it
    }
}

} // namespace

common::Result<std::optional<std::string>, std::error_code> StateBook::get(std::string_view key) const {
    auto stored = db_->get(family_of(key), key);
    if (!stored || !*stored) { return stored; }
    const auto value = unwrap(**stored);
    if (!value) { return common::fail(std::make_error_code(std::errc::bad_message)); }
    return std::optional(std::string(*value));
}

common::Result<void, std::error_code> StateBook::write(std::span<const Change> changes) {
    rocksdb::WriteBatch batch;
    for (const Change& change : changes) {
        rocksdb::ColumnFamilyHandle* family = db_->family(family_of(change.key));
        if (change.value) {
            batch.Put(family, change.key, kStateVersion + *change.value);
        } else {
            batch.Delete(family, change.key);
        }
    }
    if (const std::error_code error = db_->write(batch)) { return common::fail(error); }
    return {};
}

common::Result<void, std::error_code>
StateBook::iterate(std::string_view prefix, std::string_view start, bool backwards,
                   const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
    if (prefix.size() < kCursorPrefix.size() && kCursorPrefix.starts_with(prefix)) {
        return common::fail(std::make_error_code(std::errc::invalid_argument));
    }
    const auto entries = db_->iterate(family_of(prefix));
    for (seek(*entries, prefix, start, backwards); entries->Valid() && entries->key().starts_with(slice(prefix));
         backwards ? entries->Prev() : entries->Next()) {
        const auto value = unwrap(entries->value().ToStringView());
        if (!value) { return common::fail(std::make_error_code(std::errc::bad_message)); }
        if (!visit(entries->key().ToStringView(), *value)) { return {}; }
    }
    if (const std::error_code error = to_error(entries->status())) { return common::fail(error); }
    return {};
}

} // namespace canhgac::storage
