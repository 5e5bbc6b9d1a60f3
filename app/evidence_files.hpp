/// Files of an evidence package on their way: written, hashed, listed, put into a ZIP file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "storage/sha256.hpp"

namespace canhgac::app {

/// One file, hashed as it is written. Throws std::runtime_error when it cannot be written.
class EvidenceFile {
public:
    explicit EvidenceFile(const std::filesystem::path& path);
    void write(std::string_view bytes);
    /// Bytes so far.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Closes it; its SHA-256. Once.
    [[nodiscard]] storage::Digest finish();

private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); } // NOLINT(cert-err33-c): finish() asks
    };
    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    storage::Sha256 hash_;
    std::uint64_t size_ = 0;
};

/// A folder that goes with the object, and the files in it. Throws std::runtime_error when the disk fails.
class EvidenceFolder {
public:
    /// Makes a folder of its own beside `out`.
    explicit EvidenceFolder(const std::filesystem::path& out);
    ~EvidenceFolder();
    EvidenceFolder(const EvidenceFolder&) = delete;
    EvidenceFolder& operator=(const EvidenceFolder&) = delete;

    /// `name` is relative; folders in it are made.
    [[nodiscard]] EvidenceFile open(const std::string& name);
    void close(const std::string& name, EvidenceFile& file);
    void add(const std::string& name, std::string_view text);
    /// The lines of sha256sum(1) for the files there are.
    [[nodiscard]] std::string manifest() const;
    /// All files as a ZIP file; `out` must not exist.
    void pack(const std::filesystem::path& out) const;

private:
    std::filesystem::path folder_;
    std::map<std::string, storage::Digest> files_;
};

} // namespace canhgac::app
