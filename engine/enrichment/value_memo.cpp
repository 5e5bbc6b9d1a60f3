#include "engine/enrichment/value_memo.hpp"

#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace canhgac::engine {

ValueMemo::ValueMemo(std::size_t lines)
    : heads_(lines == 0 ? 0 : std::bit_ceil(lines)), values_(heads_.size()), findings_(heads_.size()) {}

void ValueMemo::clear() noexcept {
    for (Head& head : heads_) {
        head.role = FieldRole::none;
    }
}

std::uint64_t ValueMemo::hash(FieldRole role, std::string_view value) noexcept {
    return XXH3_64bits_withSeed(value.data(), value.size(), static_cast<std::uint64_t>(role));
}

const ValueFindings* ValueMemo::find(std::uint64_t hash, FieldRole role, std::string_view value) const noexcept {
    if (heads_.empty()) { return nullptr; }
    const std::size_t line = hash & (heads_.size() - 1);
    const Head& head = heads_[line];
    if (head.hash != hash || head.role != role || head.size != value.size() ||
        std::memcmp(values_[line].data(), value.data(), value.size()) != 0) {
        return nullptr;
    }
    return head.nothing ? &nothing_ : &findings_[line];
}

void ValueMemo::insert(std::uint64_t hash, FieldRole role, std::string_view value,
                       const ValueFindings& findings) noexcept {
    if (heads_.empty() || value.size() > kMaxValueBytes) { return; }
    const std::size_t line = hash & (heads_.size() - 1);
    heads_[line] = {hash, static_cast<std::uint8_t>(value.size()), role, findings.empty()};
    std::memcpy(values_[line].data(), value.data(), value.size());
    if (!findings.empty()) { findings_[line] = findings; }
}

} // namespace canhgac::engine
