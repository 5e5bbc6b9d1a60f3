#include "app/input_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <zip.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "app/unpack_stream.hpp"
#include "collector/decoders/utf8_repair.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;
using common::fail;

constexpr std::string_view kGzipStart = "\x1F\x8B";
constexpr std::string_view kZipStart = "PK\x03\x04";
constexpr std::string_view kEmptyZipStart = "PK\x05\x06";

bool is_zip(std::string_view start) noexcept {
    return start.starts_with(kZipStart) || start.starts_with(kEmptyZipStart);
}

/// What all streams of a visit share.
struct Visit {
    const VisitInput& visit;
    const InputLimits& limits;
    std::atomic<std::uint64_t>* packed;
    std::vector<InputError>& errors;

    void count(std::uint64_t bytes) const noexcept {
        if (packed != nullptr) { packed->fetch_add(bytes, std::memory_order_relaxed); }
    }
};

class FileStream final : public InputStream {
public:
    FileStream(int descriptor, const Visit& visit, UnpackCount& count) noexcept
        : descriptor_(descriptor), visit_(visit), count_(count) {}
    ~FileStream() override {
        if (descriptor_ != STDIN_FILENO) { ::close(descriptor_); }
    }
    FileStream(const FileStream&) = delete;
    FileStream& operator=(const FileStream&) = delete;

    common::Result<std::size_t, std::string> read(char* target, std::size_t size) override {
        for (;;) {
            const ssize_t got = ::read(descriptor_, target, size);
            if (got >= 0) {
                count_.packed += static_cast<std::uint64_t>(got);
                visit_.count(static_cast<std::uint64_t>(got));
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR) { return fail(std::string(std::strerror(errno))); }
        }
    }

private:
    int descriptor_;
    const Visit& visit_;
    UnpackCount& count_;
};

class ZipMember final : public InputStream {
public:
    explicit ZipMember(zip_file_t* file) noexcept : file_(file) {}
    ~ZipMember() override { zip_fclose(file_); }
    ZipMember(const ZipMember&) = delete;
    ZipMember& operator=(const ZipMember&) = delete;

    common::Result<std::size_t, std::string> read(char* target, std::size_t size) override {
        const zip_int64_t got = zip_fread(file_, target, size);
        if (got < 0) { return fail(std::string(zip_file_strerror(file_))); }
        return static_cast<std::size_t>(got);
    }

private:
    zip_file_t* file_;
};

/// Unpacks what is gzip, refuses archives it cannot look into, and passes the rest on.
common::Result<void, std::string> visit_stream(const Visit& visit, const std::string& name, InputStream& stream,
                                               UnpackCount& count) {
    std::string start(4, '\0');
    const auto got = read_full(stream, start.data(), start.size());
    if (!got) { return fail(got.error()); }
    start.resize(*got);
    const bool gzip = start.starts_with(kGzipStart);
    if (is_zip(start)) { return fail(std::string("is a zip archive where only files can be read: unpack it first")); }
    PrefixedStream whole(std::move(start), stream);
    if (!gzip) { return visit.visit(name, whole); }
    GunzipStream unpacked(whole);
    LimitedStream limited(unpacked, count);
    return visit.visit(name, limited);
}

struct Member {
    std::string name;
    zip_uint64_t index = 0;
    std::uint64_t packed = 0;
};

std::vector<Member> members_of(zip_t* archive) {
    std::vector<Member> members;
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        Member member;
        member.index = static_cast<zip_uint64_t>(i);
        zip_stat_t about;
        if (zip_stat_index(archive, member.index, ZIP_FL_ENC_GUESS, &about) != 0) { continue; }
        member.name = (about.valid & ZIP_STAT_NAME) != 0 && about.name != nullptr ? about.name : "";
        member.packed = (about.valid & ZIP_STAT_COMP_SIZE) != 0 ? about.comp_size : 0;
        const bool wanted =
            !member.name.empty() && !member.name.ends_with('/') && !member.name.starts_with("__MACOSX/");
        if (wanted) { members.push_back(std::move(member)); }
    }
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
    return members;
}

void visit_zip(const std::string& path, const Visit& visit) {
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        visit.errors.push_back({printable(path), fmt::format("zip: {}", zip_error_strerror(&error))});
        zip_error_fini(&error);
        return;
    }
    UnpackCount count;
    count.limits = visit.limits;
    count.packed = input_bytes(path);
    for (const Member& member : members_of(archive)) {
        const std::string name = fmt::format("{}!{}", printable(path), printable(member.name));
        zip_file_t* file = zip_fopen_index(archive, member.index, 0);
        if (file == nullptr) {
            visit.errors.push_back({name, fmt::format("zip: {}", zip_strerror(archive))});
            continue;
        }
        ZipMember unlimited(file);
        LimitedStream stream(unlimited, count);
        if (auto done = visit_stream(visit, name, stream, count); !done) {
            visit.errors.push_back({name, done.error()});
        }
        visit.count(member.packed);
    }
    zip_discard(archive);
}

void visit_file(const std::string& path, const Visit& visit) {
    const int descriptor = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        visit.errors.push_back({printable(path), std::strerror(errno)});
        return;
    }
    UnpackCount count;
    count.limits = visit.limits;
    FileStream stream(descriptor, visit, count);
    if (path != "-") {
        std::string start(4, '\0');
        const ssize_t got = ::pread(descriptor, start.data(), start.size(), 0);
        start.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        if (is_zip(start) || path.ends_with(".zip")) {
            visit_zip(path, visit);
            return;
        }
    }
    const std::string name = printable(path);
    if (auto done = visit_stream(visit, name, stream, count); !done) { visit.errors.push_back({name, done.error()}); }
}

/// The files below a folder, by path. What cannot be listed goes to `errors`.
std::vector<std::string> files_below(const fs::path& folder, std::vector<InputError>& errors) {
    std::vector<std::string> files;
    std::vector<fs::path> folders{folder};
    while (!folders.empty()) {
        const fs::path here = std::move(folders.back());
        folders.pop_back();
        std::error_code error;
        fs::directory_iterator entry(here, error);
        for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
            std::error_code gone;
            if (entry->is_directory(gone) && !entry->is_symlink(gone)) {
                folders.push_back(entry->path());
            } else if (entry->is_regular_file(gone)) {
                files.push_back(entry->path().string());
            }
        }
        if (error) { errors.push_back({printable(here.string()), error.message()}); }
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// Characters that only confuse the reader of a name: control, and the marks that turn the direction of writing.
bool is_deceiving(std::uint32_t code) noexcept {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

} // namespace

std::vector<InputError> visit_input(const std::string& path, const VisitInput& visit, const InputLimits& limits,
                                    std::atomic<std::uint64_t>* packed) {
    std::vector<InputError> errors;
    const Visit shared{visit, limits, packed, errors};
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
        visit_file(path, shared);
        return errors;
    }
    for (const std::string& file : files_below(path, errors)) {
        visit_file(file, shared);
    }
    return errors;
}

std::uint64_t input_bytes(const std::string& path) {
    std::error_code error;
    if (path == "-") { return 0; }
    if (!fs::is_directory(path, error)) {
        const auto size = fs::file_size(path, error);
        return error ? 0 : size;
    }
    std::uint64_t total = 0;
    std::vector<InputError> unused;
    for (const std::string& file : files_below(path, unused)) {
        const auto size = fs::file_size(file, error);
        total += error ? 0 : size;
    }
    return total;
}

std::string printable(std::string_view text) {
    event::Arena arena(4 * common::kKiB);
    bool repaired = false;
    const std::string_view valid = collector::valid_utf8(text, arena, repaired);
    std::string out;
    out.reserve(valid.size());
    for (std::size_t i = 0; i < valid.size();) {
        const auto lead = static_cast<unsigned char>(valid[i]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::uint32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
        for (std::size_t j = 1; j < size; ++j) {
            code = code << 6U | (static_cast<unsigned char>(valid[i + j]) & 0x3FU);
        }
        if (is_deceiving(code)) {
            out += '?';
        } else {
            out += valid.substr(i, size);
        }
        i += size;
    }
    return out;
}

common::Result<std::size_t, std::string> read_full(InputStream& stream, char* target, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size) {
        auto got = stream.read(target + filled, size - filled);
        if (!got) { return got; }
        if (*got == 0) { break; }
        filled += *got;
    }
    return filled;
}

common::Result<std::string, std::string> read_all(InputStream& stream, std::size_t limit) {
    std::string text;
    for (;;) {
        const std::size_t before = text.size();
        const std::size_t step = std::max<std::size_t>(common::kMiB, before / 2);
        text.resize(before + step);
        auto got = stream.read(text.data() + before, step);
        if (!got) { return fail(std::move(got.error())); }
        text.resize(before + *got);
        if (*got == 0) { return text; }
        if (text.size() > limit) { return fail(fmt::format("is larger than {} bytes", limit)); }
    }
}

} // namespace canhgac::app
