#include "storage/cold_folder.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <set>
#include <unistd.h>

#include "common/bytes.hpp"
#include "common/clock.hpp"
#include "common/durable_file.hpp"
#include "common/result.hpp"
#include "storage/order.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMoving = ".moving";
constexpr std::size_t kCopyBuffer = 256 * common::kKiB;

class OpenFile {
public:
    OpenFile(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
    ~OpenFile() {
        if (descriptor_ >= 0) { ::close(descriptor_); }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

std::error_code last_error() noexcept {
    return {errno, std::generic_category()};
}

std::error_code copy_whole_file(const fs::path& from, const fs::path& to) {
    const OpenFile in(from, O_RDONLY);
    const OpenFile out(to, O_WRONLY | O_CREAT | O_TRUNC);
    if (in.get() < 0 || out.get() < 0) { return last_error(); }
    std::vector<char> buffer(kCopyBuffer);
    for (;;) {
        const ssize_t read = ::read(in.get(), buffer.data(), buffer.size());
        if (read < 0) { return last_error(); }
        if (read == 0) { break; }
        for (ssize_t done = 0; done < read;) {
            const ssize_t written = ::write(out.get(), buffer.data() + done, static_cast<std::size_t>(read - done));
            if (written < 0) { return last_error(); }
            done += written;
        }
    }
    if (::fsync(out.get()) != 0) { return last_error(); }
    common::ignore(::posix_fadvise(out.get(), 0, 0, POSIX_FADV_DONTNEED), "so that comparing reads the volume");
    return {};
}

/// io_error: they differ.
std::error_code compare_whole_files(const fs::path& left, const fs::path& right) {
    const OpenFile one(left, O_RDONLY);
    const OpenFile other(right, O_RDONLY);
    if (one.get() < 0 || other.get() < 0) { return last_error(); }
    std::vector<char> first(kCopyBuffer);
    std::vector<char> second(kCopyBuffer);
    const auto fill = [](int file, std::vector<char>& buffer) -> ssize_t {
        std::size_t size = 0;
        while (size < buffer.size()) {
            const ssize_t read = ::read(file, buffer.data() + size, buffer.size() - size);
            if (read < 0) { return -1; }
            if (read == 0) { break; }
            size += static_cast<std::size_t>(read);
        }
        return static_cast<ssize_t>(size);
    };
    for (;;) {
        const ssize_t size = fill(one.get(), first);
        if (size < 0) { return last_error(); }
        const ssize_t same = fill(other.get(), second);
        if (same < 0) { return last_error(); }
        if (size != same || !std::equal(first.begin(), first.begin() + size, second.begin())) {
            return std::make_error_code(std::errc::io_error);
        }
        if (size == 0) { return {}; }
    }
}

/// Files of segments never change; others may while the day is open.
bool never_changes(const fs::path& file) {
    return file.extension() == ".sst";
}

bool is_copied(const fs::path& name) {
    return name != "LOCK" && name != "segment.new";
}

/// Makes `to` hold the files of `from`.
std::error_code copy_folder(const fs::path& from, const fs::path& to, bool only_lasting) {
    std::error_code error;
    fs::create_directories(to, error);
    if (error) { return error; }
    std::set<fs::path> names;
    for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
        const fs::path name = at->path().filename();
        if (!at->is_regular_file(error) || error || !is_copied(name)) { continue; }
        names.insert(name);
    }
    if (error) { return error; }
    for (const fs::path& name : names) {
        if (only_lasting && !never_changes(name)) { continue; }
        std::error_code missing;
        if (never_changes(name) && fs::file_size(to / name, missing) == fs::file_size(from / name, error) && !missing) {
            continue; // copied and compared before; a copy that was cut off starts anew, see ColdFolder::recover()
        }
        error = copy_whole_file(from / name, to / name);
        if (!error) { error = compare_whole_files(from / name, to / name); }
        if (error) {
            std::error_code ignored;
            fs::remove(to / name, ignored); // not taken for whole the next time
            return error;
        }
    }
    for (fs::directory_iterator at(to, error), end; !only_lasting && !error && at != end; at.increment(error)) {
        if (names.count(at->path().filename()) == 0) { fs::remove(at->path(), error); }
    }
    if (error) { return error; }
    return common::sync_path(to);
}

std::error_code exchange(const fs::path& left, const fs::path& right) {
    if (::renameat2(AT_FDCWD, left.c_str(), AT_FDCWD, right.c_str(), RENAME_EXCHANGE) != 0) { return last_error(); }
    return common::sync_path(left.parent_path());
}

} // namespace

bool parse_day_name(const std::string& name, std::uint16_t& day) noexcept {
    if (name.size() != 10) { return false; }
    std::array<char, 20> stamp{};
    std::copy(name.begin(), name.end(), stamp.begin());
    constexpr std::string_view midnight = "T00:00:00Z";
    std::copy(midnight.begin(), midnight.end(), stamp.begin() + 10);
    const auto time = common::parse_rfc3339({stamp.data(), stamp.size()});
    if (!time || *time < 0) { return false; }
    day = day_of(*time);
    return true;
}

ColdFolder::ColdFolder(fs::path hot, fs::path cold) : hot_(std::move(hot)), cold_(std::move(cold)) {}

fs::path ColdFolder::hot(std::uint16_t day) const {
    return hot_ / day_name(day);
}
fs::path ColdFolder::copy_of(std::uint16_t day) const {
    return cold_ / day_name(day);
}
fs::path ColdFolder::draft_of(std::uint16_t day) const {
    return cold_ / ("." + day_name(day) + ".new");
}

bool ColdFolder::is_cold(std::uint16_t day) const noexcept {
    std::error_code error;
    return fs::is_symlink(hot(day), error);
}

bool ColdFolder::reachable(std::uint16_t day) const noexcept {
    std::error_code error;
    return !fs::is_symlink(hot(day), error) || fs::exists(hot(day) / "CURRENT", error);
}

void ColdFolder::recover() noexcept {
    std::error_code error;
    std::vector<fs::path> moving;
    for (fs::directory_iterator at(hot_, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == kMoving) { moving.push_back(at->path()); }
    }
    for (const fs::path& each : moving) {
        fs::path place = each;
        place.replace_extension();
        if (!fs::is_symlink(each, error)) { // the folder itself: the switch was made
            if (fs::is_symlink(place, error) && !fs::exists(place / "CURRENT", error)) {
                error = exchange(place, each); // the copy is not to be had: what is here is used
            }
        }
        if (!error) { fs::remove_all(each, error); }
        error.clear();
    }
    std::vector<fs::path> left;
    for (fs::directory_iterator at(cold_, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        std::error_code none;
        const bool draft = name.starts_with('.') && name.ends_with(".new");
        const bool not_switched = fs::is_directory(fs::symlink_status(hot_ / name, none));
        if (draft || not_switched) { left.push_back(at->path()); }
    }
    for (const fs::path& each : left) {
        fs::remove_all(each, error);
    }
}

std::error_code ColdFolder::copy(std::uint16_t day) {
    return copy_folder(hot(day), draft_of(day), true);
}

std::error_code ColdFolder::switch_over(std::uint16_t day, const fs::path& trash) {
    if (is_cold(day)) { return {}; }
    if (const std::error_code error = copy_folder(hot(day), draft_of(day), false)) { return error; }
    std::error_code error;
    fs::rename(draft_of(day), copy_of(day), error);
    if (!error) { error = common::sync_path(cold_); }
    if (error) { return error; }
    fs::path link = hot(day);
    link += kMoving;
    fs::create_directory_symlink(copy_of(day), link, error);
    if (!error) { error = common::sync_path(hot_); }
    if (!error) { error = exchange(hot(day), link); }
    if (error) {
        std::error_code ignored;
        fs::remove(link, ignored);
        remove_copy(day);
        return error;
    }
    fs::rename(link, trash, error); // the folder now; what stays goes at the next start
    return {};
}

std::vector<std::uint16_t> ColdFolder::orphans() const {
    std::vector<std::uint16_t> result;
    std::error_code error;
    for (fs::directory_iterator at(cold_, error), end; !error && at != end; at.increment(error)) {
        std::uint16_t day = 0;
        std::error_code none;
        const std::string name = at->path().filename().string();
        if (parse_day_name(name, day) && !fs::exists(fs::symlink_status(hot_ / name, none))) { result.push_back(day); }
    }
    return result;
}

void ColdFolder::remove_copy(std::uint16_t day) noexcept {
    if (cold_.empty()) { return; }
    std::error_code ignored;
    fs::remove_all(copy_of(day), ignored);
}

} // namespace canhgac::storage
