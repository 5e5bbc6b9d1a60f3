#include "app/bundle.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sodium.h>
#include <unistd.h>
#include <utility>
#include <zip.h>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;
constexpr const char* kManifest = "manifest.json";
constexpr const char* kSignature = "manifest.sig";
constexpr std::string_view kPrefix = "files/";
constexpr std::size_t kBufferBytes = 256U * 1024U;

void start_sodium() {
    if (sodium_init() < 0) { throw BundleError("libsodium does not start"); }
}

std::string hex(std::span<const unsigned char> bytes) {
    std::string out;
    for (const unsigned char byte : bytes) {
        out += fmt::format("{:02x}", byte);
    }
    return out;
}

bool from_base64(std::string_view text, std::span<unsigned char> out) {
    std::size_t size = 0;
    return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), " \t\r\n", &size, nullptr,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == out.size();
}

/// Nothing that could leave the folder or mean something to a shell or file system.
bool is_safe_path(std::string_view path) {
    if (path.empty() || path.size() > 1'000) { return false; }
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        const bool sound = std::all_of(part.begin(), part.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("._-+ ").find(c) != std::string_view::npos;
        });
        if (part.empty() || part.front() == '.' || !sound) { return false; }
        begin = end + 1;
    }
    return true;
}

std::string read_text(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { throw BundleError(file.string() + ": cannot be read"); }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct CloseZip {
    void operator()(zip_t* zip) const noexcept { zip_discard(zip); }
};
struct CloseZipFile {
    void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;
using ZipFile = std::unique_ptr<zip_file_t, CloseZipFile>;

Zip open_zip(const fs::path& file, int flags) {
    int code = 0;
    Zip zip(zip_open(file.c_str(), flags, &code));
    if (!zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        throw BundleError(fmt::format("{}: {}", file.string(), why));
    }
    return zip;
}

ZipFile open_member(zip_t* zip, const std::string& name) {
    ZipFile member(zip_fopen(zip, name.c_str(), 0));
    if (!member) { throw BundleError(fmt::format("the bundle has no {}", name)); }
    return member;
}

std::string read_member(zip_t* zip, const std::string& name, std::uint64_t most) {
    const ZipFile member = open_member(zip, name);
    std::string text;
    std::vector<char> buffer(kBufferBytes);
    for (;;) {
        const zip_int64_t got = zip_fread(member.get(), buffer.data(), buffer.size());
        if (got < 0) { throw BundleError(fmt::format("{} in the bundle is damaged", name)); }
        if (got == 0) { return text; }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > most) { throw BundleError(fmt::format("{} in the bundle is too large", name)); }
    }
}

/// Writes and syncs; closes in any case.
class OutputFile {
public:
    explicit OutputFile(const fs::path& path)
        : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640)) {
        if (fd_ < 0) { fail(); }
    }
    ~OutputFile() { ::close(fd_); }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
            if (done < 0 && errno != EINTR) { fail(); }
            if (done > 0) { bytes.remove_prefix(static_cast<std::size_t>(done)); }
        }
    }
    void sync() {
        if (::fsync(fd_) != 0) { fail(); }
    }

private:
    [[noreturn]] void fail() const {
        throw BundleError(fmt::format("{}: {}", path_.string(), std::generic_category().message(errno)));
    }
    fs::path path_;
    int fd_;
};

BundleFile hash_file(const fs::path& file, std::string path) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { throw BundleError(file.string() + ": cannot be read"); }
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    BundleFile made;
    made.path = std::move(path);
    std::vector<char> buffer(kBufferBytes);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
        const auto got = static_cast<std::size_t>(in.gcount());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(buffer.data()), got);
        made.size += got;
    }
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());
    made.sha256 = hex(digest);
    return made;
}

std::vector<BundleFile> list_files(const fs::path& folder) {
    std::vector<BundleFile> files;
    std::uint64_t bytes = 0;
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
        const std::string name = it->path().filename().string();
        if (name.starts_with('.')) {
            it.disable_recursion_pending();
            continue;
        }
        if (it->is_symlink()) { throw BundleError(it->path().string() + ": links cannot be packed"); }
        if (it->is_directory()) { continue; }
        std::string path = fs::relative(it->path(), folder).generic_string();
        if (!it->is_regular_file() || !is_safe_path(path)) {
            throw BundleError(it->path().string() +
                              ": only plain files named with letters, digits and ._-+ can be packed");
        }
        files.push_back(hash_file(it->path(), std::move(path)));
        bytes += files.back().size;
        if (files.size() > kMaxBundleFiles || bytes > kMaxBundleBytes) {
            throw BundleError(folder.string() + ": too much for a bundle");
        }
    }
    if (files.empty()) { throw BundleError(folder.string() + ": holds no file"); }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
}

std::string manifest_text(const BundleManifest& manifest) {
    boost::json::array files;
    for (const BundleFile& file : manifest.files) {
        files.push_back(boost::json::object{{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
    }
    return boost::json::serialize(boost::json::object{
        {"format", 1}, {"version", manifest.version}, {"created", manifest.created}, {"files", std::move(files)}});
}

void add_text(zip_t* zip, const std::string& name, const std::string& text) {
    zip_source_t* const source = zip_source_buffer(zip, text.data(), text.size(), 0);
    if (source == nullptr || zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8) < 0) {
        zip_source_free(source);
        throw BundleError(fmt::format("{}: {}", name, zip_strerror(zip)));
    }
}

/// A line "KEY SIGNATURE" whose key is trusted and whose signature is the manifest's.
bool is_signed(std::string_view signatures, std::string_view manifest, std::span<const PublicKey> trusted) {
    while (!signatures.empty()) {
        const auto end = signatures.find('\n');
        const std::string_view line = signatures.substr(0, end);
        signatures.remove_prefix(end == std::string_view::npos ? signatures.size() : end + 1);
        const auto blank = line.find(' ');
        PublicKey key{};
        std::array<unsigned char, crypto_sign_BYTES> signature{};
        if (blank == std::string_view::npos || !from_base64(line.substr(0, blank), key) ||
            !from_base64(line.substr(blank + 1), signature) ||
            std::find(trusted.begin(), trusted.end(), key) == trusted.end()) {
            continue;
        }
        if (crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(manifest.data()),
                                        manifest.size(), key.data()) == 0) {
            return true;
        }
    }
    return false;
}

/// Reads a member once: its size and hash must be the manifest's; what is read goes to `out`, if any.
void read_file(zip_t* zip, const BundleFile& file, OutputFile* out) {
    const ZipFile member = open_member(zip, std::string(kPrefix) + file.path);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    std::uint64_t size = 0;
    std::vector<char> buffer(kBufferBytes);
    for (;;) {
        const zip_int64_t got = zip_fread(member.get(), buffer.data(), buffer.size());
        if (got < 0) { throw BundleError(fmt::format("{} in the bundle is damaged", file.path)); }
        if (got == 0) { break; }
        size += static_cast<std::uint64_t>(got);
        if (size > file.size) { break; }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        if (out != nullptr) { out->write(bytes); }
    }
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());
    if (size != file.size || hex(digest) != file.sha256) {
        throw BundleError(fmt::format("{} in the bundle is not what the manifest says", file.path));
    }
}

void sync_folder(const fs::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || ::fsync(fd) != 0) {
        const int code = errno;
        if (fd >= 0) { ::close(fd); }
        throw BundleError(fmt::format("{}: {}", folder.string(), std::generic_category().message(code)));
    }
    ::close(fd);
}

} // namespace

SecretKey::~SecretKey() {
    sodium_memzero(bytes.data(), bytes.size());
}

PublicKey SecretKey::public_key() const noexcept {
    PublicKey key{};
    std::copy(bytes.begin() + 32, bytes.end(), key.begin());
    return key;
}

SecretKey make_secret_key() {
    start_sodium();
    SecretKey key;
    PublicKey open{};
    crypto_sign_keypair(open.data(), key.bytes.data());
    return key;
}

SecretKey read_secret_key(const fs::path& file) {
    start_sodium();
    SecretKey key;
    std::string text = read_text(file);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    const bool sound = from_base64(text, key.bytes);
    sodium_memzero(text.data(), text.size());
    if (!sound) { throw BundleError(file.string() + ": not a secret key of `canhgac rules keygen`"); }
    return key;
}

std::string to_base64(std::span<const unsigned char> bytes) {
    std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
    text.pop_back(); // the final zero
    return text;
}

PublicKey parse_public_key(std::string_view base64) {
    start_sodium();
    PublicKey key{};
    if (!from_base64(base64, key)) {
        throw BundleError(fmt::format("'{}' is not a public key (32 bytes in base64)", base64));
    }
    return key;
}

BundleManifest parse_manifest(std::string_view json) {
    try {
        const boost::json::value document = boost::json::parse(json);
        const boost::json::object& root = document.as_object();
        if (root.at("format").to_number<std::int64_t>() != 1) {
            throw BundleError("the bundle has a format of a later version");
        }
        BundleManifest manifest;
        manifest.version = root.at("version").to_number<std::uint64_t>();
        manifest.created = std::string(root.at("created").as_string());
        std::uint64_t bytes = 0;
        for (const boost::json::value& item : root.at("files").as_array()) {
            const boost::json::object& file = item.as_object();
            BundleFile made{std::string(file.at("path").as_string()), file.at("size").to_number<std::uint64_t>(),
                            std::string(file.at("sha256").as_string())};
            if (!is_safe_path(made.path)) { throw BundleError("the manifest names a path that is not allowed"); }
            if (made.size > kMaxBundleBytes) { throw BundleError("the bundle is too large"); }
            bytes += made.size;
            const bool sorted = manifest.files.empty() || manifest.files.back().path < made.path;
            if (!sorted) { throw BundleError("the manifest is not in order"); }
            manifest.files.push_back(std::move(made));
        }
        if (manifest.version == 0 || manifest.files.empty() || manifest.files.size() > kMaxBundleFiles ||
            bytes > kMaxBundleBytes) {
            throw BundleError("the manifest has no version, no files, or too many");
        }
        return manifest;
    } catch (const BundleError&) { throw; } catch (const std::exception& error) {
        throw BundleError(fmt::format("the manifest cannot be read: {}", error.what()));
    }
}

BundleManifest write_bundle(const fs::path& folder, std::uint64_t version, const std::string& created,
                            const SecretKey& key, const fs::path& output) {
    start_sodium();
    if (!fs::is_directory(folder)) { throw BundleError(folder.string() + ": not a folder"); }
    BundleManifest manifest{version, created, list_files(folder)};
    const std::string text = manifest_text(manifest);
    static_cast<void>(parse_manifest(text)); // what we write, we must be able to read
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         key.bytes.data());
    const std::string signatures = to_base64(key.public_key()) + " " + to_base64(signature) + "\n";
    Zip zip = open_zip(output, ZIP_CREATE | ZIP_TRUNCATE);
    add_text(zip.get(), kManifest, text);
    add_text(zip.get(), kSignature, signatures);
    for (const BundleFile& file : manifest.files) {
        zip_source_t* const source = zip_source_file(zip.get(), (folder / file.path).c_str(), 0, -1);
        const std::string name = std::string(kPrefix) + file.path;
        if (source == nullptr || zip_file_add(zip.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8) < 0) {
            zip_source_free(source);
            throw BundleError(fmt::format("{}: {}", file.path, zip_strerror(zip.get())));
        }
    }
    if (zip_close(zip.get()) != 0) {
        throw BundleError(fmt::format("{}: {}", output.string(), zip_strerror(zip.get())));
    }
    static_cast<void>(zip.release());
    return manifest;
}

BundleManifest unpack_bundle(const fs::path& file, std::span<const PublicKey> trusted, const fs::path& into) {
    start_sodium();
    if (trusted.empty()) {
        throw BundleError("no public key is trusted: give rules.bundle_keys in the configuration, or --trust");
    }
    const Zip zip = open_zip(file, ZIP_RDONLY | ZIP_CHECKCONS);
    const std::string text = read_member(zip.get(), kManifest, kMaxManifestBytes);
    const std::string signatures = read_member(zip.get(), kSignature, 64U * 1024U);
    // Nothing of the manifest is believed, or even parsed, before its signature.
    if (!is_signed(signatures, text, trusted)) {
        throw BundleError("no signature of a trusted key: the bundle is not used");
    }
    BundleManifest manifest = parse_manifest(text);
    const auto members = static_cast<std::uint64_t>(zip_get_num_entries(zip.get(), 0));
    if (members != manifest.files.size() + 2) {
        throw BundleError("the bundle holds files that its manifest does not name");
    }
    for (const BundleFile& member : manifest.files) {
        read_file(zip.get(), member, nullptr);
    }
    std::set<fs::path> folders = {into};
    for (const BundleFile& member : manifest.files) {
        const fs::path target = into / member.path;
        fs::create_directories(target.parent_path());
        for (fs::path folder = target.parent_path(); folder != into; folder = folder.parent_path()) {
            folders.insert(folder);
        }
        OutputFile out(target);
        read_file(zip.get(), member, &out); // again: the file under us may have changed meanwhile
        out.sync();
    }
    OutputFile kept(into / ("." + std::string(kManifest)));
    kept.write(text);
    kept.sync();
    std::for_each(folders.begin(), folders.end(), sync_folder);
    return manifest;
}

} // namespace canhgac::app
