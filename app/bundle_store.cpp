#include "app/bundle_store.hpp"

#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sys/file.h>

#include "common/durable_file.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path) {
    throw BundleError(fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
}

void sync_path(const fs::path& path) {
    if (const auto error = common::sync_path(path)) { throw BundleError(path.string() + ": " + error.message()); }
}

std::optional<std::uint64_t> parse_version(const std::string& text) {
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc{} || end != text.data() + text.size() || version == 0) { return std::nullopt; }
    return version;
}

} // namespace

class BundleStore::Lock {
public:
    explicit Lock(const fs::path& folder) : fd_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (fd_ < 0) { fail(folder / "lock"); }
        if (::flock(fd_, LOCK_EX) != 0) {
            ::close(fd_);
            fail(folder / "lock");
        }
    }
    ~Lock() { ::close(fd_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

private:
    int fd_;
};

BundleStore::BundleStore(fs::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    fs::create_directories(folder_ / "versions", error);
    if (error) { throw BundleError(fmt::format("{}: {}", folder_.string(), error.message())); }
}

std::optional<std::uint64_t> BundleStore::link_target(const char* name) const {
    std::error_code error;
    const fs::path target = fs::read_symlink(folder_ / name, error);
    if (error) { return std::nullopt; }
    return parse_version(target.filename().string());
}

std::optional<std::uint64_t> BundleStore::current() const {
    return link_target("current");
}

std::optional<std::uint64_t> BundleStore::previous() const {
    return link_target("previous");
}

std::uint64_t BundleStore::highest() const {
    std::ifstream in(folder_ / "highest");
    std::uint64_t version = 0;
    in >> version;
    return std::max(version, current().value_or(0));
}

void BundleStore::set_link(const char* name, std::uint64_t version) const {
    const fs::path fresh = folder_ / fmt::format(".{}.new", name);
    ::unlink(fresh.c_str());
    if (::symlink(fmt::format("versions/{}", version).c_str(), fresh.c_str()) != 0) { fail(fresh); }
    if (std::rename(fresh.c_str(), (folder_ / name).c_str()) != 0) { fail(folder_ / name); }
    sync_path(folder_);
}

void BundleStore::set_highest(std::uint64_t version) const {
    try {
        common::replace_file(folder_ / "highest", fmt::format("{}\n", version), common::FileAccess::everyone);
    } catch (const std::system_error& error) { throw BundleError(error.what()); }
}

void BundleStore::remove_others() const {
    const auto now = current();
    const auto before = previous();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_ / "versions", error)) {
        const auto version = parse_version(entry.path().filename().string());
        if (version && (version == now || version == before)) { continue; }
        std::error_code ignored; // what stays is removed by the next import
        fs::remove_all(entry.path(), ignored);
    }
}

BundleManifest BundleStore::take_in(const fs::path& file, std::span<const PublicKey> trusted) {
    const Lock lock(folder_);
    const fs::path incoming = folder_ / "versions" / ".incoming";
    std::error_code error;
    fs::remove_all(incoming, error);
    if (!fs::create_directory(incoming, error)) {
        throw BundleError(fmt::format("{}: {}", incoming.string(), error.message()));
    }
    try {
        BundleManifest manifest = unpack_bundle(file, trusted, incoming);
        if (manifest.version <= highest()) {
            throw BundleError(
                fmt::format("the bundle has version {}, but {} was imported before: versions must increase",
                            manifest.version, highest()));
        }
        const fs::path target = folder_ / "versions" / std::to_string(manifest.version);
        fs::remove_all(target, error); // of an import that was cut off
        if (std::rename(incoming.c_str(), target.c_str()) != 0) { fail(target); }
        sync_path(folder_ / "versions");
        if (const auto now = current()) { set_link("previous", *now); }
        set_link("current", manifest.version);
        set_highest(manifest.version);
        remove_others();
        return manifest;
    } catch (...) {
        fs::remove_all(incoming, error);
        throw;
    }
}

std::uint64_t BundleStore::rollback() {
    const Lock lock(folder_);
    const auto now = current();
    const auto before = previous();
    if (!now || !before || *now == *before) { throw BundleError(folder_.string() + ": there is no previous bundle"); }
    set_highest(highest()); // while `current` still tells it
    set_link("current", *before);
    set_link("previous", *now);
    return *before;
}

} // namespace canhgac::app
