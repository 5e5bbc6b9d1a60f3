#include "app/input_files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <zip.h>
#include <zlib.h>

#include <fmt/format.h>

#include "common/bytes.hpp"

namespace canhgac::app {

namespace {

using common::fail;
using Visit = std::function<common::Result<void, std::string>(const std::string& name, InputStream&)>;

/// Plain and gzip alike: zlib reads both and tells them apart by the first bytes.
class GzipStream final : public InputStream {
public:
    explicit GzipStream(gzFile file) noexcept : file_(file) { gzbuffer(file_, 256 * common::kKiB); }
    ~GzipStream() override { gzclose(file_); }
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;

    common::Result<std::size_t, std::string> read(char* target, std::size_t size) override {
        const int got = gzread(file_, target, static_cast<unsigned>(std::min(size, common::kGiB)));
        int code = Z_OK;
        const char* message = gzerror(file_, &code);
        if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
            return fail(std::string(code == Z_ERRNO ? std::strerror(errno) : message));
        }
        return static_cast<std::size_t>(got);
    }

private:
    gzFile file_;
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

void visit_zip(const std::string& path, const Visit& visit, std::vector<InputError>& errors) {
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        errors.push_back({path, zip_error_strerror(&error)});
        zip_error_fini(&error);
        return;
    }
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        const auto index = static_cast<zip_uint64_t>(i);
        const char* raw_name = zip_get_name(archive, index, ZIP_FL_ENC_GUESS);
        const std::string member = raw_name == nullptr ? "" : raw_name;
        if (member.empty() || member.ends_with('/') || member.starts_with("__MACOSX/")) { continue; }
        const std::string name = fmt::format("{}!{}", path, member);
        zip_file_t* file = zip_fopen_index(archive, index, 0);
        if (file == nullptr) {
            errors.push_back({name, zip_strerror(archive)});
            continue;
        }
        ZipMember stream(file);
        if (auto done = visit(name, stream); !done) { errors.push_back({name, done.error()}); }
    }
    zip_discard(archive);
}

} // namespace

std::vector<InputError> visit_input(const std::string& path, const Visit& visit) {
    std::vector<InputError> errors;
    if (path != "-" && path.ends_with(".zip")) {
        visit_zip(path, visit, errors);
        return errors;
    }
    gzFile file = path == "-" ? gzdopen(fileno(stdin), "rb") : gzopen(path.c_str(), "rb");
    if (file == nullptr) {
        errors.push_back({path, std::strerror(errno)});
        return errors;
    }
    GzipStream stream(file);
    if (auto done = visit(path, stream); !done) { errors.push_back({path, done.error()}); }
    return errors;
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
