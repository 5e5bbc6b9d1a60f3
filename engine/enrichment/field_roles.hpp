/// Which fields of an event hold addresses, domains, URLs and hashes. docs/reference/enrichment.md shows the table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "event/field_table.hpp"

namespace canhgac::engine {

enum class FieldRole : std::uint8_t {
    none,
    address,
    domain,
    host,    ///< a domain or address, perhaps with a port, that goes with a `path` (cs-host)
    path,    ///< a URL, or its path and query when a `host` is beside it (c-uri)
    url,     ///< a whole URL; its host counts as well
    hash,    ///< one hash in hexadecimal
    hashes,  ///< "SHA256=..,MD5=.." (Sysmon)
    mail,    ///< a mail address, perhaps "Name <a@b>": its domain
    answers, ///< DNS answers separated by ';' (Sysmon QueryResults)
};
inline constexpr std::size_t kFieldRoles = 10;

struct FieldRoleEntry {
    std::string_view name;
    FieldRole role;
};
/// The table, for documentation and tests.
[[nodiscard]] std::span<const FieldRoleEntry> field_role_table() noexcept;

/// Roles by field id. Immutable after construction; any thread.
class FieldRoles {
public:
    explicit FieldRoles(event::FieldTable& fields);
    [[nodiscard]] FieldRole of(event::FieldId id) const noexcept {
        const auto index = static_cast<std::size_t>(id);
        return index < roles_.size() ? roles_[index] : FieldRole::none;
    }

private:
    std::vector<FieldRole> roles_;
};

} // namespace canhgac::engine
