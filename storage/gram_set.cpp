#include "storage/gram_set.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/coding.hpp"

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kGramVersion = 1;
constexpr unsigned kMostGramBits = 18;
constexpr unsigned kLeastGramBits = 9;
constexpr std::size_t kRecentTexts = 4096;

/// The first kMostGramBits of a multiplicative hash; smaller bitmaps take the lowest bits of them.
std::uint32_t gram_hash(const char* at) noexcept {
    std::uint32_t gram = 0;
    std::memcpy(&gram, at, kGramBytes);
    return (gram * 0x9E3779B1U) >> (32U - kMostGramBits);
}

} // namespace

GramBuilder::GramBuilder() : bits_((1U << kMostGramBits) / 64U), recent_(kRecentTexts) {}

void GramBuilder::add(std::string_view text) {
    std::string_view& recent = recent_[XXH3_64bits(text.data(), text.size()) % kRecentTexts];
    if (recent == text) { return; }
    recent = text;
    add_line(text);
}

void GramBuilder::add_line(std::string_view text) {
    folded_.clear();
    folded_.append(text);
    const std::string_view folded = folded_.view();
    std::uint64_t* const bits = bits_.data();
    for (std::size_t i = 0; i + kGramBytes <= folded.size(); ++i) {
        const std::uint32_t bit = gram_hash(folded.data() + i);
        bits[bit / 64U] |= std::uint64_t{1} << (bit % 64U);
    }
}

std::string GramBuilder::finish() {
    std::size_t set = 0;
    for (const std::uint64_t word : bits_) {
        set += static_cast<std::size_t>(std::popcount(word));
    }
    unsigned bits = kMostGramBits;
    std::size_t words = bits_.size();
    // Halved while at most about a quarter of the bits are set afterwards.
    while (bits > kLeastGramBits && set * 8U <= std::size_t{1} << bits) {
        words /= 2;
        for (std::size_t i = 0; i < words; ++i) {
            bits_[i] |= bits_[i + words];
        }
        --bits;
    }
    static_assert(std::endian::native == std::endian::little);
    std::string out = {static_cast<char>(kGramVersion), static_cast<char>(bits)};
    out.append(reinterpret_cast<const char*>(bits_.data()), words * sizeof(std::uint64_t));
    std::fill(bits_.begin(), bits_.end(), 0);
    std::fill(recent_.begin(), recent_.end(), std::string_view{});
    return out;
}

std::optional<GramSet> GramSet::decode(std::string_view value) noexcept {
    ByteSource in(value);
    const bool ours = in.u8() == kGramVersion;
    const unsigned bits = in.u8();
    if (!ours || bits < kLeastGramBits || bits > kMostGramBits || in.left() != (std::size_t{1} << bits) / 8U) {
        return std::nullopt;
    }
    GramSet set;
    set.bits_ = in.bytes(in.left());
    set.mask_ = (1U << bits) - 1U;
    return set;
}

bool GramSet::may_contain(std::string_view folded) const noexcept {
    for (std::size_t i = 0; i + kGramBytes <= folded.size(); ++i) {
        const std::uint32_t bit = gram_hash(folded.data() + i) & mask_;
        if ((static_cast<unsigned char>(bits_[bit / 8U]) >> (bit % 8U) & 1U) == 0) { return false; }
    }
    return true;
}

} // namespace canhgac::storage
