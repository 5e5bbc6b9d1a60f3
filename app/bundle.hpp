/// Signed bundles of rules and lists, for places without a network: one file that is carried there and verified wholly
/// before anything of it is used.
///
/// A bundle is a ZIP file: `manifest.json` {"format":1,"version":N,"created":"RFC 3339","files":[{"path","size",
/// "sha256"}]}, `manifest.sig` (lines "KEY SIGNATURE" in base64: Ed25519, RFC 8032, over the manifest's bytes), and the
/// files below `files/`. It holds exactly the files of its manifest. Paths are relative, of letters, digits and "._-+
/// ".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::app {

inline constexpr std::size_t kMaxBundleFiles = 100'000;
inline constexpr std::uint64_t kMaxBundleBytes = std::uint64_t{2} << 30U; ///< of all files, unpacked
inline constexpr std::uint64_t kMaxManifestBytes = 64U << 20U;

/// What is wrong with a bundle or a key, for the operator.
class BundleError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

using PublicKey = std::array<unsigned char, 32>;
struct SecretKey {
    std::array<unsigned char, 64> bytes{}; ///< seed and public key, as libsodium keeps it
    SecretKey() = default;
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey(); ///< wipes
    [[nodiscard]] PublicKey public_key() const noexcept;
};

[[nodiscard]] SecretKey make_secret_key();
/// A file with one line of base64. Throws BundleError.
[[nodiscard]] SecretKey read_secret_key(const std::filesystem::path& file);
[[nodiscard]] std::string to_base64(std::span<const unsigned char> bytes);
/// Throws BundleError.
[[nodiscard]] PublicKey parse_public_key(std::string_view base64);

struct BundleFile {
    std::string path;
    std::uint64_t size = 0;
    std::string sha256; ///< hexadecimal
};
struct BundleManifest {
    std::uint64_t version = 0;
    std::string created;
    std::vector<BundleFile> files; ///< by path
};

/// Packs every regular file below `folder` (hidden ones are left out, links are refused). Throws BundleError.
BundleManifest write_bundle(const std::filesystem::path& folder, std::uint64_t version, const std::string& created,
                            const SecretKey& key, const std::filesystem::path& output);

/// Verifies everything, then unpacks into `into`, an empty folder, each file and folder synced. Throws BundleError when
/// the signature is of none of `trusted`, or anything is not as the manifest says; `into` may then hold a part.
BundleManifest unpack_bundle(const std::filesystem::path& file, std::span<const PublicKey> trusted,
                             const std::filesystem::path& into);

/// Reads a manifest and checks its form (not its signature). Throws BundleError.
[[nodiscard]] BundleManifest parse_manifest(std::string_view json);

} // namespace canhgac::app
