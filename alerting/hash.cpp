#include "alerting/hash.hpp"

#include <array>
#include <cstdint>
#include <sodium.h>

namespace canhgac::alerting {
namespace {

constexpr std::size_t kHashBytes = 16;

} // namespace

struct PartHash::State {
    crypto_generichash_state hash;
};

PartHash::PartHash() : state_(std::make_unique<State>()) {
    crypto_generichash_init(&state_->hash, nullptr, 0, kHashBytes);
}

PartHash::~PartHash() = default;

void PartHash::add(std::string_view part) noexcept {
    std::array<unsigned char, 8> length{};
    for (std::size_t i = 0; i < length.size(); ++i) {
        length[i] = static_cast<unsigned char>((static_cast<std::uint64_t>(part.size()) >> (8 * i)) & 0xFFU);
    }
    crypto_generichash_update(&state_->hash, length.data(), length.size());
    crypto_generichash_update(&state_->hash, reinterpret_cast<const unsigned char*>(part.data()), part.size());
}

std::string PartHash::finish() {
    std::array<unsigned char, kHashBytes> digest{};
    crypto_generichash_final(&state_->hash, digest.data(), digest.size());
    std::array<char, 2 * kHashBytes + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
    return hex.data();
}

std::string hash_parts(std::initializer_list<std::string_view> parts) {
    PartHash hash;
    for (const auto part : parts) {
        hash.add(part);
    }
    return hash.finish();
}

} // namespace canhgac::alerting
