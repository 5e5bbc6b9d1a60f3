#include "app/evidence_files.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <stdlib.h>
#include <zip.h>

#include <fmt/format.h>

#include "common/durable_file.hpp"

namespace canhgac::app {

namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& path, int error) {
    throw std::runtime_error(fmt::format("{} cannot be written: {}", path.string(), std::strerror(error)));
}

} // namespace

EvidenceFile::EvidenceFile(const std::filesystem::path& path) : path_(path), file_(std::fopen(path.c_str(), "wbx")) {
    if (file_ == nullptr) { cannot_write(path_, errno); }
    hash_.start();
}

void EvidenceFile::write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) { cannot_write(path_, errno); }
    hash_.add(bytes);
    size_ += bytes.size();
}

storage::Digest EvidenceFile::finish() {
    if (std::fclose(file_.release()) != 0) { cannot_write(path_, errno); }
    return hash_.finish();
}

EvidenceFolder::EvidenceFolder(const std::filesystem::path& out) {
    std::string pattern = out.string() + ".parts-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) { cannot_write(pattern, errno); }
    folder_ = pattern;
}

EvidenceFolder::~EvidenceFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

EvidenceFile EvidenceFolder::open(const std::string& name) {
    const std::filesystem::path path = folder_ / name;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) { cannot_write(path, error.value()); }
    return EvidenceFile(path);
}

void EvidenceFolder::close(const std::string& name, EvidenceFile& file) {
    files_[name] = file.finish();
}

void EvidenceFolder::add(const std::string& name, std::string_view text) {
    EvidenceFile file = open(name);
    file.write(text);
    close(name, file);
}

std::string EvidenceFolder::manifest() const {
    std::string text;
    for (const auto& [name, digest] : files_) {
        text += fmt::format("{}  {}\n", storage::to_hex(digest), name);
    }
    return text;
}

void EvidenceFolder::pack(const std::filesystem::path& out) const {
    int code = 0;
    zip_t* const zip = zip_open(out.c_str(), ZIP_CREATE | ZIP_EXCL, &code);
    if (zip == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        throw std::runtime_error(fmt::format("{} cannot be made: {}", out.string(), why));
    }
    const auto fail = [&] {
        const std::string why = zip_strerror(zip);
        zip_discard(zip);
        std::error_code ignored;
        std::filesystem::remove(out, ignored);
        throw std::runtime_error(fmt::format("{} cannot be written: {}", out.string(), why));
    };
    for (const auto& [name, digest] : files_) {
        zip_source_t* const source = zip_source_file(zip, (folder_ / name).c_str(), 0, -1);
        if (source == nullptr) { fail(); }
        if (zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8) < 0) {
            zip_source_free(source);
            fail();
        }
    }
    if (zip_close(zip) != 0) { fail(); }
    if (const std::error_code error = common::sync_path(out)) { cannot_write(out, error.value()); }
}

} // namespace canhgac::app
