/// What was found for a value, remembered: direct-mapped by hash of role and bytes, a value replaces what was in its
/// line. The bytes are compared, so a sender cannot make one value stand for another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/enrichment/field_roles.hpp"
#include "engine/enrichment/geo_database.hpp"
#include "engine/intel/indicator_set.hpp"

namespace canhgac::engine {

/// Views in it live as long as the snapshot it was found in.
struct ValueFindings {
    IndicatorHits hits;
    GeoAnswer geo; ///< of addresses
    [[nodiscard]] bool empty() const noexcept { return hits.count == 0 && geo.country.empty() && geo.as_number == 0; }
};

/// Not thread safe. All memory is taken when it is made: lines * about 0.5 KiB.
class ValueMemo {
public:
    static constexpr std::size_t kMaxValueBytes = 200;

    /// `lines` is rounded up to a power of two; 0 = remember nothing.
    explicit ValueMemo(std::size_t lines);
    void clear() noexcept;
    [[nodiscard]] static std::uint64_t hash(FieldRole role, std::string_view value) noexcept;
    /// nullptr: not known. Valid until the next insert().
    [[nodiscard]] const ValueFindings* find(std::uint64_t hash, FieldRole role, std::string_view value) const noexcept;
    /// Remembers; values that are too long are not.
    void insert(std::uint64_t hash, FieldRole role, std::string_view value, const ValueFindings& findings) noexcept;

private:
    struct Head {
        std::uint64_t hash = 0;
        std::uint8_t size = 0;
        FieldRole role = FieldRole::none; ///< none: free
        bool nothing = false;             ///< findings are empty and not written
    };
    std::vector<Head> heads_;
    std::vector<std::array<char, kMaxValueBytes>> values_;
    std::vector<ValueFindings> findings_;
    ValueFindings nothing_;
};

} // namespace canhgac::engine
