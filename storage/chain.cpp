#include "storage/chain.hpp"

#include <algorithm>
#include <fstream>
#include <sodium.h>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/stat.h>

#include "common/durable_file.hpp"
#include "common/ensure.hpp"
#include "storage/coding.hpp"

namespace canhgac::storage {

namespace fs = std::filesystem;

namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> take(ByteSource& in) noexcept {
    std::array<std::uint8_t, Size> result{};
    const std::string_view bytes = in.bytes(Size);
    if (!bytes.empty()) { std::memcpy(result.data(), bytes.data(), bytes.size()); }
    return result;
}

template <std::size_t Size>
std::string_view view(const std::array<std::uint8_t, Size>& bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), Size};
}

} // namespace

std::string signed_text(const SignedHead& head) {
    ByteSink text;
    text.bytes("CGH1");
    text.fixed64(head.seq);
    text.fixed64(static_cast<std::uint64_t>(head.time));
    text.bytes(view(head.head));
    return std::string(text.view());
}

Digest chain_head(Sha256& hash, const ChainRecord& record) noexcept {
    ByteSink text;
    text.bytes("CGC1");
    text.bytes(view(record.previous));
    text.bytes(view(record.root));
    text.fixed64(record.seq);
    text.fixed32(record.rows);
    text.fixed32(record.stored);
    text.fixed64(static_cast<std::uint64_t>(record.time));
    text.fixed64(static_cast<std::uint64_t>(record.min_time));
    text.fixed64(static_cast<std::uint64_t>(record.max_time));
    text.bytes(view(record.duplicates));
    return hash.of(text.view());
}

void encode(const ChainRecord& record, std::string& out) {
    ByteSink sink;
    sink.u8(kChainVersion);
    sink.bytes(view(record.root));
    sink.varint(record.rows);
    sink.varint(record.stored);
    sink.fixed64(static_cast<std::uint64_t>(record.time));
    sink.fixed64(static_cast<std::uint64_t>(record.min_time));
    sink.fixed64(static_cast<std::uint64_t>(record.max_time));
    sink.bytes(view(record.duplicates));
    sink.bytes(view(record.previous));
    sink.bytes(view(record.head));
    out.assign(sink.view());
}

std::optional<ChainRecord> decode_chain(std::uint64_t seq, std::string_view value) noexcept {
    ByteSource in(value);
    if (in.u8() != kChainVersion) { return std::nullopt; }
    ChainRecord record;
    record.seq = seq;
    record.root = take<32>(in);
    record.rows = static_cast<std::uint32_t>(in.varint(0xFFFFFFFFU));
    record.stored = static_cast<std::uint32_t>(in.varint(record.rows));
    record.time = in.signed64();
    record.min_time = in.signed64();
    record.max_time = in.signed64();
    record.duplicates = take<32>(in);
    record.previous = take<32>(in);
    record.head = take<32>(in);
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return record;
}

void encode(const SignedHead& head, std::string& out) {
    ByteSink sink;
    sink.u8(kChainVersion);
    sink.fixed64(static_cast<std::uint64_t>(head.time));
    sink.bytes(view(head.head));
    sink.bytes(view(head.signature));
    out.assign(sink.view());
}

std::optional<SignedHead> decode_head(std::uint64_t seq, std::string_view value) noexcept {
    ByteSource in(value);
    if (in.u8() != kChainVersion) { return std::nullopt; }
    SignedHead head;
    head.seq = seq;
    head.time = in.signed64();
    head.head = take<32>(in);
    head.signature = take<64>(in);
    if (!in.ok() || in.left() != 0) { return std::nullopt; }
    return head;
}

struct ChainSigner::Keys {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
    ~Keys() { sodium_memzero(secret.data(), secret.size()); }
};

namespace {

using Seed = std::array<unsigned char, crypto_sign_SEEDBYTES>;

std::string hex(const unsigned char* bytes, std::size_t size) {
    std::string text(size * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes, size);
    text.back() = '\n';
    return text;
}

Seed read_seed(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        throw std::runtime_error(fmt::format("the chain key {} is missing: restore it from the backup", path.string()));
    }
    if ((info.st_mode & 077U) != 0) {
        throw std::runtime_error(fmt::format("the chain key {} must not be open to others (mode 0600)", path.string()));
    }
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    Seed seed{};
    std::size_t size = 0;
    if (sodium_hex2bin(seed.data(), seed.size(), text.data(), text.size(), nullptr, &size, nullptr) != 0 ||
        size != seed.size()) {
        throw std::runtime_error(fmt::format("the chain key {} is damaged", path.string()));
    }
    sodium_memzero(text.data(), text.size());
    return seed;
}

} // namespace

ChainSigner::ChainSigner(const fs::path& folder, bool fresh) : keys_(std::make_unique<Keys>()) {
    common::ensure(sodium_init() >= 0, "libsodium starts");
    const fs::path path = folder / "chain.key";
    Seed seed{};
    std::error_code error;
    if (fresh && !fs::exists(path, error)) {
        randombytes_buf(seed.data(), seed.size());
        common::replace_file(path, hex(seed.data(), seed.size()));
    } else {
        seed = read_seed(path);
    }
    crypto_sign_seed_keypair(keys_->open.data(), keys_->secret.data(), seed.data());
    sodium_memzero(seed.data(), seed.size());
    if (!fs::exists(folder / "chain.pub", error)) {
        common::replace_file(folder / "chain.pub", hex(keys_->open.data(), keys_->open.size()),
                             common::FileAccess::everyone);
    }
}

ChainSigner::~ChainSigner() = default;

void ChainSigner::sign(SignedHead& head) const noexcept {
    const std::string text = signed_text(head);
    head.signature = signature_of(text);
}

bool ChainSigner::verify(const SignedHead& head) const noexcept {
    return verify(signed_text(head), head.signature);
}

Signature ChainSigner::sign(std::string_view text) const noexcept {
    common::ensure(!text.starts_with("CGH1"), "heads are signed as heads");
    return signature_of(text);
}

Signature ChainSigner::signature_of(std::string_view text) const noexcept {
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         keys_->secret.data());
    return signature;
}

bool ChainSigner::verify(std::string_view text, const Signature& signature) const noexcept {
    return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                       text.size(), keys_->open.data()) == 0;
}

std::array<std::uint8_t, 32> ChainSigner::public_key() const noexcept {
    std::array<std::uint8_t, 32> key{};
    std::copy(keys_->open.begin(), keys_->open.end(), key.begin());
    return key;
}

} // namespace canhgac::storage
