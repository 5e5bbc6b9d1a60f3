#include "net/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "common/ensure.hpp"

namespace canhgac::net {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
    return -1;
}

int base64_value(char c) noexcept {
    if (c >= 'A' && c <= 'Z') { return c - 'A'; }
    if (c >= 'a' && c <= 'z') { return c - 'a' + 26; }
    if (c >= '0' && c <= '9') { return c - '0' + 52; }
    if (c == '+') { return 62; }
    return c == '/' ? 63 : -1;
}

} // namespace

Sha256 sha256(std::string_view bytes) noexcept {
    Sha256 out{};
    const int done = EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr);
    common::ensure(done == 1, "OpenSSL has SHA-256");
    return out;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) noexcept {
    Sha256 out{};
    unsigned size = 0;
    const unsigned char* done =
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size);
    common::ensure(done != nullptr && size == out.size(), "OpenSSL has HMAC-SHA-256");
    return out;
}

bool equal_constant_time(const Sha256& a, const Sha256& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_hex(std::size_t count) {
    std::string bytes(count, '\0');
    common::ensure(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
                   "the system has random bytes");
    std::string out;
    out.reserve(count * 2);
    for (const char c : bytes) {
        out.push_back(kHex[static_cast<unsigned char>(c) >> 4U]);
        out.push_back(kHex[static_cast<unsigned char>(c) & 15U]);
    }
    return out;
}

std::string to_hex(const Sha256& digest) {
    std::string out;
    out.reserve(digest.size() * 2);
    for (const std::uint8_t byte : digest) {
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 15U]);
    }
    return out;
}

std::optional<Sha256> parse_sha256(std::string_view hex) noexcept {
    Sha256 out{};
    if (hex.size() != out.size() * 2) { return std::nullopt; }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = hex_value(hex[2 * i]);
        const int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) { return std::nullopt; }
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::size_t padding = 0;
    while (!text.empty() && text.back() == '=' && padding < 2) {
        text.remove_suffix(1);
        ++padding;
    }
    if (text.size() % 4 == 1) { return std::nullopt; }
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int value = base64_value(c);
        if (value < 0) { return std::nullopt; }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>((bits >> count) & 0xFFU));
        }
    }
    return out;
}

} // namespace canhgac::net
