/// Small durable state of other modules, in column families `state` and, for keys under "cursor/", `ckpt`.
#pragma once

#include "event/store.hpp"
#include "storage/journal_db.hpp"

namespace canhgac::storage {

/// Thread safe. Values are kept with a version byte. A prefix to iterate names its owner, e.g. "alert/": one that
/// could mean both families ("" to "cursor") is refused as invalid_argument.
class StateBook final : public event::StateStore {
public:
    explicit StateBook(JournalDb& db) noexcept : db_(&db) {}

    [[nodiscard]] common::Result<std::optional<std::string>, std::error_code> get(std::string_view key) const override;
    [[nodiscard]] common::Result<void, std::error_code> write(std::span<const Change> changes) override;
    [[nodiscard]] common::Result<void, std::error_code>
    iterate(std::string_view prefix, std::string_view start, bool backwards,
            const std::function<bool(std::string_view key, std::string_view value)>& visit) const override;

private:
    JournalDb* db_;
};

} // namespace canhgac::storage
