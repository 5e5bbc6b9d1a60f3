#include "storage/sha256.hpp"

#include <algorithm>
#include <cstring>

#include <openssl/evp.h>

#include "common/ensure.hpp"

namespace canhgac::storage {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    common::ensure(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                   "OpenSSL has SHA-256");
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

void Sha256::start() noexcept {
    common::ensure(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1, "a hash can be restarted");
}

void Sha256::add(std::string_view bytes) noexcept {
    common::ensure(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "hashing memory cannot fail");
}

Digest Sha256::finish() noexcept {
    Digest digest;
    unsigned size = 0;
    common::ensure(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1 && size == digest.size(),
                   "hashing memory cannot fail");
    return digest;
}

Digest Sha256::of(std::string_view bytes) noexcept {
    start();
    add(bytes);
    return finish();
}

std::string to_hex(const Digest& digest) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0x0FU];
    }
    return text;
}

Digest leaf_hash(Sha256& hash, std::uint32_t index, std::int64_t received, std::uint32_t source,
                 std::string_view raw) noexcept {
    std::array<char, 17> head{};
    std::memcpy(head.data() + 1, &index, sizeof index);
    std::memcpy(head.data() + 5, &received, sizeof received);
    std::memcpy(head.data() + 13, &source, sizeof source);
    hash.start();
    hash.add({head.data(), head.size()});
    hash.add(raw);
    return hash.finish();
}

Digest merkle_root(Sha256& hash, std::vector<Digest>& leaves) noexcept {
    common::ensure(!leaves.empty(), "a tree has at least one leaf");
    std::size_t count = leaves.size();
    while (count > 1) {
        std::size_t parents = 0;
        for (std::size_t first = 0; first < count; first += kMerkleArity) {
            const std::size_t children = std::min(kMerkleArity, count - first);
            hash.start();
            hash.add({"\x01", 1});
            hash.add({reinterpret_cast<const char*>(leaves[first].data()), children * sizeof(Digest)});
            leaves[parents++] = hash.finish();
        }
        count = parents;
    }
    return leaves.front();
}

} // namespace canhgac::storage
